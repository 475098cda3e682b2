"""What lies behind a split's figures: slices, label words, probe, label noise, worst errors.

This gathers what the functions of :mod:`resumebert.evaluation` need from a run, and bounds what it
costs. Seconds of one core for MiniLM on the sample, 180 test and 840 training documents:

======================= =================== ===================
part                    truncated, 192      windows of 256
======================= =================== ===================
the test itself         7                   23
without the label words 14                  46
probe                   33                  71
label noise             2                   2
worst errors            1                   3
the slices              less than 1         less than 1
======================= =================== ===================

Label noise takes 6 s for 1,000 training documents of the reference corpus' length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from resumebert.data.cleaning import clean
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.readers import read_sample
from resumebert.evaluation.baseline import LinearBaseline
from resumebert.evaluation.decisions import Decisions
from resumebert.evaluation.highlights import EXAMPLES, worst_errors
from resumebert.evaluation.label_noise import (
    LINEAR,
    MODEL,
    MOST,
    JudgedSplit,
    out_of_fold_probabilities,
    suspect_labels,
)
from resumebert.evaluation.label_words import LabelWords, Level, label_words
from resumebert.evaluation.probes import DOCUMENTS, exchanges, probe
from resumebert.evaluation.results import (
    Analysis,
    ErrorExample,
    Flags,
    Floats,
    Slice,
    SplitResult,
    SuspectLabel,
    Swap,
    WordsRemoved,
)
from resumebert.evaluation.slices import (
    document_slices,
    label_word_slices,
    selected,
    words_removed,
)
from resumebert.inference.scoring import TextScorer
from resumebert.utils.errors import UserError

LEVELS: tuple[Level, ...] = ("names", "words")


@dataclass(frozen=True)
class AnalysisOptions:
    """What to find out, and at what cost.

    Attributes:
        slices: the slices, and the documents without the labels' words.
        probes: the counterfactual probe.
        label_noise: the suspect labels.
        errors: how many of the worst errors to show.
        label_words: further names of labels, see
            :func:`resumebert.evaluation.label_words.label_words`.
        resamples: of each bootstrap; 0: no intervals.
        removal_documents: score so many documents without the labels' words at most.
        probe_documents: probe with so many documents at most; 18 texts of each are scored.
        noise_documents: judge so many training documents at most.
    """

    slices: bool = True
    probes: bool = True
    label_noise: bool = True
    errors: int = EXAMPLES
    label_words: Mapping[str, Sequence[str]] | None = None
    resamples: int = 2_000
    removal_documents: int = 1_000
    probe_documents: int = DOCUMENTS
    noise_documents: int = 5_000


def analyse(
    result: SplitResult,
    datamodule: ResumeDataModule,
    scorer: TextScorer,
    decisions: Decisions,
    *,
    trained: ResumeDataModule | None,
    baseline: LinearBaseline | None = None,
    others: Sequence[SplitResult] = (),
    options: AnalysisOptions | None = None,
) -> Analysis:
    """Analyse what a model gave for a split.

    Args:
        result: of the split, with the baseline's if there is one.
        datamodule: set up; ``result.index`` are places in its table.
        scorer: of the model that gave the result.
        decisions: its calibration, as in the result.
        trained: set up; the documents that the model was trained on, with their split. None: they
            can't be told any more.
        baseline: the model behind ``result.baseline``.
        others: results of further splits of the same model, such as validation, whose documents are
            judged for label noise as well.
        options: None: the defaults.

    Raises:
        UserError: ``options.label_words`` names a label that there is not.
    """
    options = options or AnalysisOptions()
    words = find_label_words(result.label_names, options.label_words)
    if len(result.truth) == 0:
        return Analysis()
    texts = datamodule.table.select(result.index).texts
    run = _Run(result, texts, datamodule, trained, scorer, decisions, baseline, words, options, {})
    return Analysis(
        slices=_slices(run) if options.slices else [],
        words_removed=_words_removed(run) if options.slices else [],
        swaps=_swaps(run) if options.probes else [],
        suspects=_suspects(run, others) if options.label_noise else None,
        errors=_errors(run) if options.errors else None,
        notes=run.notes,
    )


def find_label_words(
    label_names: Sequence[str], more: Mapping[str, Sequence[str]] | None
) -> LabelWords:
    """Return the words of the labels' names, and of ``more`` names of them.

    Raises:
        UserError: ``more``, which is ``evaluation.label_words``, names a label that there is not.
    """
    try:
        return label_words(label_names, more)
    except ValueError as error:
        raise UserError(f"evaluation.label_words: {error}.") from error


@dataclass(frozen=True)
class _Run:
    """The arguments of :func:`analyse`, the result's texts, and the notes so far."""

    result: SplitResult
    texts: Sequence[str]
    datamodule: ResumeDataModule
    trained: ResumeDataModule | None
    scorer: TextScorer
    decisions: Decisions
    baseline: LinearBaseline | None
    words: LabelWords
    options: AnalysisOptions
    notes: dict[str, str]

    def probabilities(self, texts: Sequence[str]) -> Floats:
        return self.decisions.calibration.apply(self.scorer.logits(texts))


def _slices(run: _Run) -> list[Slice]:
    windowing = run.datamodule.windowing
    lengths = run.datamodule.tokens.lengths[run.result.index]
    return document_slices(
        run.result,
        lengths,
        windowing.tokens_read(lengths, training=False),
        windowing.window_counts(lengths, training=False),
        resamples=run.options.resamples,
    ) + label_word_slices(run.result, run.words.named(run.texts), resamples=run.options.resamples)


def _words_removed(run: _Run) -> list[WordsRemoved]:
    rows = some_groups(run.result.groups, run.options.removal_documents)
    part = selected(run.result, rows)
    texts = list(run.datamodule.table.select(part.index).texts)
    if len(texts) < len(rows):
        run.notes["words_removed"] = (
            f"Of the {len(rows):,} documents, {len(texts):,} chosen at random were scored without "
            "the labels' words."
        )
    found = []
    for level in LEVELS:
        removed = [run.words.removed(text, level) for text in texts]
        changed = np.array([a != b for a, b in zip(texts, removed, strict=True)], dtype=np.bool_)
        shorter = [removed[at] for at in np.flatnonzero(changed)]
        # What has not changed need not be scored again.
        probabilities = part.probabilities.copy()
        probabilities[changed] = run.probabilities(shorter)
        theirs = None
        if run.baseline is not None and part.baseline is not None:
            theirs = part.baseline.probabilities.copy()
            theirs[changed] = run.baseline.probabilities(shorter)
        found.append(
            words_removed(
                part, level, changed, probabilities, theirs, resamples=run.options.resamples
            )
        )
    return found


def _swaps(run: _Run) -> list[Swap]:
    texts = unseen_sample(run.trained, run.datamodule.cleaning)
    made = exchanges(texts, documents=run.options.probe_documents)
    if not made:
        run.notes["swaps"] = "The model was trained on all of the embedded sample's résumés."
        return []
    run.notes["swaps"] = (
        f"The texts are {len(made[0].before)} fictional résumés of the embedded sample. "
        + (
            "The documents that the model was trained on can't be told any more: if these are "
            "among them, its answers for other résumés may move more, or less."
            if run.trained is None
            else "The model was trained on none of them."
        )
    )
    return probe(
        run.probabilities,
        made,
        run.result.thresholds,
        run.result.label_names,
        baseline=None if run.baseline is None else run.baseline.probabilities,
        resamples=run.options.resamples,
    )


def unseen_sample(trained: ResumeDataModule | None, cleaning: Sequence[str]) -> list[str]:
    """Return the cleaned texts of the embedded sample that a model was not trained on.

    A model's answers for résumés that it was trained on are not those for others.

    Args:
        trained: set up; what the model was trained on. None: not known, so that all are returned.
        cleaning: steps, where it is not known how the model's texts were cleaned.
    """
    seen: set[str] = set()
    if trained is not None:
        cleaning = trained.cleaning
        seen.update(trained.table.select(trained.indices("train")).texts)
    texts = [clean(text, cleaning) for text in read_sample().texts]
    return [text for text in texts if text not in seen]


def _errors(run: _Run) -> list[ErrorExample]:
    return worst_errors(
        run.result,
        run.texts,
        run.datamodule.table.rows[run.result.index],
        run.words,
        lambda at: run.scorer.windows(run.texts[at]),
        count=run.options.errors,
    )


def _suspects(run: _Run, others: Sequence[SplitResult]) -> list[SuspectLabel]:
    judged, notes = [], []
    for result in (run.result, *others):
        # The model's scores of documents that it was trained on say nothing of their labels.
        unseen = run.datamodule.split[result.index] != "train"
        if unseen.any():
            part = selected(result, unseen)
            judged.append(_judged(run, part.split, part.index, part.probabilities, MODEL))
    index = run.datamodule.indices("train")
    groups = run.datamodule.groups[index]
    rows = some_groups(groups, run.options.noise_documents)
    if not rows.all():
        notes.append(
            f"Of the {len(index):,} training documents, {int(rows.sum()):,} chosen at random were "
            "judged."
        )
    index = index[rows]
    table = run.datamodule.table.select(index)
    values = out_of_fold_probabilities(
        list(table.texts),
        table.labels.astype(np.bool_),
        groups[rows],
        table.label_names,
        **({} if run.baseline is None else {"cost": run.baseline.cost}),
    )
    if values is not None:
        judged.append(_judged(run, "train", index, values, LINEAR))
    found = suspect_labels(judged, run.result.label_names)
    if len(found) == MOST:
        notes.append(f"There are more suspect labels than the {MOST} in suspect_labels.csv.")
    if notes:
        run.notes["suspects"] = " ".join(notes)
    return found


def _judged(
    run: _Run, split: str, index: npt.NDArray[np.int64], probabilities: Floats, judge: str
) -> JudgedSplit:
    table = run.datamodule.table.select(index)
    given = table.labels.astype(np.bool_)
    groups = run.datamodule.groups[index]
    return JudgedSplit(
        split, table.ids, table.rows, table.texts, given, probabilities, judge, groups
    )


def some_groups(groups: npt.NDArray[np.int64], documents: int) -> Flags:
    """Mark (n,) documents of whole groups, drawn at random, that are ``documents`` or fewer.

    If the first group drawn is larger, it is marked all the same.
    """
    if len(groups) <= documents:
        return np.ones(len(groups), dtype=np.bool_)
    numbers, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(0).permutation(len(numbers))
    fits = np.cumsum(sizes[order]) <= documents
    fits[0] = True
    kept = np.zeros(len(numbers), dtype=np.bool_)
    kept[order] = fits
    return np.asarray(kept[place])
