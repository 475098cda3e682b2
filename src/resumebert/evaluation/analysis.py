"""What lies behind a split's figures: slices, label words, probe, label noise, worst errors.

This gathers what the functions of :mod:`resumebert.evaluation` need from a run, and bounds what it
costs. Seconds of one core for MiniLM on the sample, 180 test and 840 training documents, truncated
to 192 tokens (and in windows of 256): the test itself 7 (23), without the label words 14 (46),
probe 33 (71), label noise 2 (2), worst errors 1 (3), slices less than 1. Label noise takes 6 s for
1,000 training documents of the reference corpus' length.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from resumebert.data.cleaning import clean
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.label_words import LEVELS, LabelWords, label_words
from resumebert.data.readers import read_sample
from resumebert.evaluation.areas import Flags, Floats
from resumebert.evaluation.baseline import DEFAULT_COST, LinearBaseline
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
from resumebert.evaluation.probes import DOCUMENTS, Swap, exchanges, probe
from resumebert.evaluation.result import EvaluationResult
from resumebert.evaluation.slices import (
    Slice,
    WordsRemoved,
    document_slices,
    label_word_slices,
    words_removed,
)
from resumebert.evaluation.suggested_names import suggested_names
from resumebert.evaluation.worst_errors import ErrorExample, Window, WordWeight, worst_errors
from resumebert.settings.schema import DEFAULTS, EvaluationSettings
from resumebert.utils.progress import Phase

# Of each bootstrap, at most: there are many, of small slices.
RESAMPLES = 2_000
# So many documents are scored without the labels' words, and so many training documents are
# looked at for label noise, at most.
REMOVAL_DOCUMENTS = 1_000
NOISE_DOCUMENTS = 5_000


# Of a text and a label's column.
WordWeights = Callable[[str, int], list[WordWeight]]


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
    word_weights: WordWeights | None = None,
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
        word_weights: how much the words of a text speak for the label of a column.
        settings: what to find out.

    Raises:
        UserError: ``settings.label_words`` names a label that there is not.
    """
    words = label_words(result.label_names, settings.label_words)
    if len(result.truth) == 0:
        return Analysis()
    texts = datamodule.table.select(result.index).texts
    run = _Run(
        result,
        texts,
        datamodule,
        trained,
        scorer,
        decisions,
        baseline,
        words,
        settings,
        word_weights,
    )
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
    word_weights: WordWeights | None
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def resamples(self) -> int:
        return min(RESAMPLES, self.settings.bootstrap_resamples)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        return self.decisions.calibration.apply(self.scorer.logits(texts))


@Phase("parts of the split")
def _slices(run: _Run) -> list[Slice]:
    windowing, resamples = run.datamodule.windowing, run.resamples
    lengths = run.datamodule.tokens.lengths[run.result.index]
    read = windowing.tokens_read(lengths, training=False)
    windows = windowing.window_counts(lengths, training=False)
    of_documents = document_slices(run.result, lengths, read, windows, resamples=resamples)
    named = run.words.named(run.texts)
    return of_documents + label_word_slices(run.result, named, resamples=resamples)


@Phase("without the labels' words")
def _words_removed(run: _Run) -> list[WordsRemoved]:
    rows = some_groups(run.result.groups, REMOVAL_DOCUMENTS)
    part = run.result.only(rows)
    texts = [run.texts[at] for at in np.flatnonzero(rows).tolist()]
    if not rows.all():
        run.notes["words_removed"] = (
            f"Of the {len(rows):,} documents, {len(texts):,} chosen at random were scored without "
            "the labels' words."
        )
    if run.baseline is not None:
        suggested = suggested_names(run.baseline, run.words)
        run.notes["suggested_names"] = "; ".join(
            f"{label}: {', '.join(names)}" for label, names in suggested.items()
        )
    found = []
    for level in LEVELS:
        removed = run.words.without(level, texts)
        changed = np.array([a != b for a, b in zip(texts, removed, strict=True)], dtype=np.bool_)
        shorter = [removed[at] for at in np.flatnonzero(changed)]
        # What has not changed need not be scored again.
        probabilities, theirs = part.probabilities.copy(), None
        probabilities[changed] = run.probabilities(shorter)
        if run.baseline is not None and part.baseline is not None:
            theirs = part.baseline.probabilities.copy()
            theirs[changed] = run.baseline.probabilities(shorter)
        found.append(
            words_removed(part, level, changed, probabilities, theirs, resamples=run.resamples)
        )
    return found


@Phase("names exchanged")
def _swaps(run: _Run) -> list[Swap]:
    made = exchanges(_unseen_sample(run), documents=DOCUMENTS)
    if not made:
        run.notes["swaps"] = "The model was trained on all of the embedded sample's résumés."
        return []
    seen = "The model was trained on none of them."
    if run.trained is None:
        seen = (
            "The documents that the model was trained on can't be told any more: if these are "
            "among them, its answers for other résumés may move more, or less."
        )
    texts = f"{len(made[0].before)} fictional résumés of the embedded sample"
    run.notes["swaps"] = f"The texts are {texts}. {seen}"
    return probe(
        run.probabilities,
        made,
        run.result.thresholds,
        run.result.label_names,
        baseline=None if run.baseline is None else run.baseline.probabilities,
        resamples=run.resamples,
    )


def _unseen_sample(run: _Run) -> list[str]:
    """Return the sample's texts, cleaned for the model, without those that it was trained on."""
    seen: set[str] = set()
    if run.trained is not None:
        seen.update(run.trained.table.select(run.trained.indices("train")).texts)
    cleaning = (run.trained or run.datamodule).cleaning
    texts = [clean(text, cleaning) for text in read_sample().texts]
    return [text for text in texts if text not in seen]


@Phase("worst errors")
def _errors(run: _Run) -> list[ErrorExample]:
    weights = run.word_weights
    return worst_errors(
        run.result,
        run.texts,
        run.datamodule.table.rows[run.result.index],
        run.words,
        lambda at: run.scorer.windows(run.texts[at]),
        None if weights is None else lambda at, column: weights(run.texts[at], column),
        count=run.settings.errors,
        explained=run.settings.explain,
    )


@Phase("suspect labels")
def _suspects(run: _Run, others: Sequence[EvaluationResult]) -> list[SuspectLabel]:
    data, notes = run.datamodule, []
    scored = []
    for result in (run.result, *others):
        # The model's scores of documents that it was trained on say nothing of their labels.
        part = result.only(data.split[result.index] != "train")
        table = data.table.select(part.index)
        if len(table):
            scored.append(ScoredSplit(part.split, table, part.probabilities, MODEL, part.groups))
    train = data.indices("train")
    index = train[some_groups(data.groups[train], NOISE_DOCUMENTS)]
    if len(index) < len(train):
        notes.append(
            f"Of the {len(train):,} training documents, {len(index):,} chosen at random were "
            "looked at."
        )
    table, groups = data.table.select(index), data.groups[index]
    cost = DEFAULT_COST if run.baseline is None else run.baseline.cost
    probabilities = out_of_fold_probabilities(table, groups, cost=cost)
    if probabilities is not None:
        scored.append(ScoredSplit("train", table, probabilities, LINEAR, groups))
    found = suspect_labels(scored, run.result.label_names)
    if len(found) == MOST:
        notes.append(f"There are more suspect labels than the {MOST} in suspect_labels.csv.")
    if notes:
        run.notes["suspects"] = " ".join(notes)
    return found


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
