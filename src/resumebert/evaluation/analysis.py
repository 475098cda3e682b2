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

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from resumebert.data.cleaning import clean
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.readers import read_sample
from resumebert.evaluation.areas import Flags, Floats
from resumebert.evaluation.baseline import LinearBaseline
from resumebert.evaluation.decisions import Decisions
from resumebert.evaluation.label_noise import (
    LINEAR,
    MODEL,
    MOST,
    ScoredSplit,
    SuspectLabel,
    out_of_fold_probabilities,
    suspect_labels,
)
from resumebert.evaluation.label_words import LabelWords, Level, label_words
from resumebert.evaluation.probes import DOCUMENTS, Swap, exchanges, probe
from resumebert.evaluation.result import EvaluationResult
from resumebert.evaluation.slices import (
    Slice,
    WordsRemoved,
    document_slices,
    label_word_slices,
    words_removed,
)
from resumebert.evaluation.worst_errors import ErrorExample, Window, worst_errors
from resumebert.settings.schema import DEFAULTS, EvaluationSettings

# Of each bootstrap, at most: there are many, of small slices.
RESAMPLES = 2_000
# So many documents are scored without the labels' words, and so many training documents are
# looked at for label noise, at most.
REMOVAL_DOCUMENTS = 1_000
NOISE_DOCUMENTS = 5_000
LEVELS: tuple[Level, ...] = ("names", "words")


@dataclass(frozen=True)
class Analysis:
    """What lies behind the figures of a split.

    Attributes:
        slices: how good the model is on parts of the split.
        words_removed: how good it is without the labels' own words.
        swaps: what names and gendered words do to its probabilities.
        suspects: labels of the data that may be wrong, the most doubtful document first; None: not
            looked for.
        errors: the documents with the most confident mistakes; None: not looked for.
        notes: what a reader must know of how these were found, by the attribute that it is of, such
            as ``swaps``.
    """

    slices: list[Slice] = field(default_factory=list)
    words_removed: list[WordsRemoved] = field(default_factory=list)
    swaps: list[Swap] = field(default_factory=list)
    suspects: list[SuspectLabel] | None = None
    errors: list[ErrorExample] | None = None
    notes: dict[str, str] = field(default_factory=dict)


class TextScorer(Protocol):
    """Scores texts with a model: :class:`resumebert.inference.scoring.TextScorer`."""

    def logits(self, texts: Sequence[str]) -> Floats:
        """Return (n, L) logits of n texts."""

    def windows(self, text: str) -> list[Window]:
        """Return the windows that the model reads of a text."""


def analyse(
    result: EvaluationResult,
    datamodule: ResumeDataModule,
    scorer: TextScorer,
    decisions: Decisions,
    *,
    trained: ResumeDataModule | None,
    baseline: LinearBaseline | None = None,
    others: Sequence[EvaluationResult] = (),
    settings: EvaluationSettings = DEFAULTS,
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
            looked at for label noise as well.
        settings: what to find out.

    Raises:
        UserError: ``settings.label_words`` names a label that there is not.
    """
    words = label_words(result.label_names, settings.label_words)
    if len(result.truth) == 0:
        return Analysis()
    texts = datamodule.table.select(result.index).texts
    run = _Run(result, texts, datamodule, trained, scorer, decisions, baseline, words, settings, {})
    return Analysis(
        slices=_slices(run) if settings.slices else [],
        words_removed=_words_removed(run) if settings.slices else [],
        swaps=_swaps(run) if settings.probes else [],
        suspects=_suspects(run, others) if settings.label_noise else None,
        errors=_errors(run) if settings.errors else None,
        notes=run.notes,
    )


@dataclass(frozen=True)
class _Run:
    """The arguments of :func:`analyse`, the result's texts, and the notes so far."""

    result: EvaluationResult
    texts: Sequence[str]
    datamodule: ResumeDataModule
    trained: ResumeDataModule | None
    scorer: TextScorer
    decisions: Decisions
    baseline: LinearBaseline | None
    words: LabelWords
    settings: EvaluationSettings
    notes: dict[str, str]

    @property
    def resamples(self) -> int:
        return min(RESAMPLES, self.settings.bootstrap_resamples)

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
        resamples=run.resamples,
    ) + label_word_slices(run.result, run.words.named(run.texts), resamples=run.resamples)


def _words_removed(run: _Run) -> list[WordsRemoved]:
    rows = some_groups(run.result.groups, REMOVAL_DOCUMENTS)
    part = run.result.only(rows)
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
            words_removed(part, level, changed, probabilities, theirs, resamples=run.resamples)
        )
    return found


def _swaps(run: _Run) -> list[Swap]:
    texts = unseen_sample(run.trained, run.datamodule.cleaning)
    made = exchanges(texts, documents=DOCUMENTS)
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
        resamples=run.resamples,
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
        count=run.settings.errors,
    )


def _suspects(run: _Run, others: Sequence[EvaluationResult]) -> list[SuspectLabel]:
    scored, notes = [], []
    for result in (run.result, *others):
        # The model's scores of documents that it was trained on say nothing of their labels.
        unseen = run.datamodule.split[result.index] != "train"
        if unseen.any():
            part = result.only(unseen)
            scored.append(_scored(run, part.split, part.index, part.probabilities, MODEL))
    index = run.datamodule.indices("train")
    groups = run.datamodule.groups[index]
    rows = some_groups(groups, NOISE_DOCUMENTS)
    if not rows.all():
        notes.append(
            f"Of the {len(index):,} training documents, {int(rows.sum()):,} chosen at random were "
            "looked at."
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
        scored.append(_scored(run, "train", index, values, LINEAR))
    found = suspect_labels(scored, run.result.label_names)
    if len(found) == MOST:
        notes.append(f"There are more suspect labels than the {MOST} in suspect_labels.csv.")
    if notes:
        run.notes["suspects"] = " ".join(notes)
    return found


def _scored(
    run: _Run, split: str, index: npt.NDArray[np.int64], probabilities: Floats, scored_by: str
) -> ScoredSplit:
    table = run.datamodule.table.select(index)
    given = table.labels.astype(np.bool_)
    groups = run.datamodule.groups[index]
    return ScoredSplit(
        split, table.ids, table.rows, table.texts, given, probabilities, scored_by, groups
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
