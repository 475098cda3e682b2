"""The linear baseline: TF-IDF of the whole text and a linear model a label."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from rich.console import Console
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC

from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.splitting import with_train_fraction
from resumebert.evaluation.areas import Floats
from resumebert.evaluation.decisions import Decisions, fit_decisions
from resumebert.evaluation.registry import load_metrics
from resumebert.evaluation.result import EvaluationResult, evaluate_scores
from resumebert.evaluation.thresholds import mean_highest_f1
from resumebert.settings.schema import DEFAULTS, EvaluationSettings
from resumebert.utils.progress import Phase, steps

Kind = Literal["svm", "logistic"]
COSTS: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0, 10.0)
# Without documents to choose by.
DEFAULT_COST = 1.0
# scikit-learn's 1e-4 takes up to twice the time for the same F1s.
TOLERANCE = 1e-2
MAX_FEATURES = 300_000
# Beyond any score of documents: what a label is given that all training documents have.
CERTAIN = 10.0
# Characters that take a minute of one slow core, with C chosen among five, and with one C.
TUNED_CHARACTERS = 40_000_000
BASELINE_CHARACTERS = 150_000_000
# Among the baseline's metrics: how many documents it was trained on.
TRAIN_DOCUMENTS = "train_documents"
NOT_ASKED = (
    "evaluation.baseline=false left it out; python eval.py ckpt=… evaluation.baseline=true adds it."
)


class NoWordsError(ValueError):
    """The training texts hold nothing that a model over words could learn from."""


@dataclass(frozen=True)
class LinearBaseline:
    """A linear model of L labels over words and pairs of words.

    Attributes:
        vectorizer: text → TF-IDF of F terms.
        weights: (F, L).
        offsets: (L,).
        decisions: calibration and thresholds, fitted on the validation documents.
        cost: the C that was chosen.
        documents: how many it was trained on.
    """

    vectorizer: TfidfVectorizer
    weights: Floats
    offsets: Floats
    decisions: Decisions
    cost: float
    documents: int

    def decision_values(self, texts: Sequence[str]) -> Floats:
        """Return (n, L) each label's signed distance from its decision boundary."""
        return _values(_features(self.vectorizer, texts), self.weights, self.offsets)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Return (n, L) calibrated probabilities."""
        return self.decisions.calibration.apply(self.decision_values(texts))


def fit_baseline(
    train: Sequence[str],
    train_labels: npt.NDArray[np.uint8],
    val: Sequence[str],
    val_labels: npt.NDArray[np.uint8],
    label_names: Sequence[str],
    *,
    kind: Kind = "svm",
    costs: Sequence[float] = COSTS,
    settings: EvaluationSettings = DEFAULTS,
    val_groups: npt.NDArray[np.integer] | None = None,
    masked: Sequence[tuple[float, Sequence[str]]] = (),
    val_masked: Sequence[tuple[float, Sequence[str]]] = (),
) -> LinearBaseline:
    """Train on the texts ``train``; choose C, calibration and thresholds on the texts ``val``.

    Words and pairs of words, sublinear TF-IDF, one model a label. C is that of the highest mean F1
    over the labels on ``val``, each label at its best threshold there; without documents it is 1.
    Duplicates in ``val`` count as one document.

    Args:
        train: texts.
        train_labels: (n, L) of 0 and 1.
        val: texts to choose by.
        val_labels: theirs.
        label_names: L names.
        kind: a support vector machine or a logistic regression.
        costs: the Cs to choose from, ascending. The larger it is the longer a model takes, so that
            none is tried past the first that is worse.
        settings: what calibration and thresholds are chosen by.
        val_groups: group number of each text of ``val``; None: there are no duplicates.
        masked: shares, 1 together at most, and the texts ``train`` in other versions that count so
            much, as in :attr:`resumebert.ResumeDataModule.mask_label_words`.
        val_masked: the same of the texts ``val``, for calibration and thresholds.

    Raises:
        NoWordsError: no word is in enough of the training texts.
    """
    vectorizer, known = _fitted_vectorizer(train)
    asked = _features(vectorizer, val)
    weights = None
    if masked:
        # What training does to a share of the documents, here each document does to that share.
        shares = [1 - sum(share for share, _ in masked), *(share for share, _ in masked)]
        weights = np.repeat(shares, len(train))
        known = sp.vstack([known, *(_features(vectorizer, texts) for _, texts in masked)]).tocsr()
        train_labels = np.tile(train_labels, (len(shares), 1))
    highest = -1.0
    for cost in costs if len(val) else (DEFAULT_COST,):
        model = _fit(known, train_labels, kind, cost, weights)
        quality = mean_highest_f1(_values(asked, *model), val_labels, val_groups)
        if quality < highest:
            break
        if quality > highest:
            highest, best_cost, best = quality, cost, model
    views = [(share, _values(_features(vectorizer, texts), *best)) for share, texts in val_masked]
    decisions = fit_decisions(
        _values(asked, *best), val_labels, label_names, settings, val_groups, views
    )
    return LinearBaseline(vectorizer, *best, decisions, best_cost, len(train))


def out_of_fold_values(
    texts: Sequence[str],
    labels: npt.NDArray[np.uint8],
    groups: npt.NDArray[np.int64],
    *,
    cost: float = DEFAULT_COST,
    folds: int = 5,
) -> Floats:
    """Return (n, L) decision values of each text from models that saw neither it nor a duplicate.

    The n texts are of ``folds`` groups at least, the labels (n, L) of 0 and 1; duplicates share one
    of the (n,) group numbers. ``cost`` is C.

    Raises:
        NoWordsError: no word is in enough of the texts.
    """
    _, features = _fitted_vectorizer(texts)
    values = np.zeros(labels.shape)
    for known, asked in GroupKFold(folds).split(features, labels, groups):
        values[asked] = _values(features[asked], *_fit(features[known], labels[known], "svm", cost))
    return values


def _fitted_vectorizer(texts: Sequence[str]) -> tuple[TfidfVectorizer, sp.csr_matrix]:
    """Return what turns texts into (n, F) features, and those of ``texts``."""
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=3 if len(texts) >= 1000 else 1,
        max_features=MAX_FEATURES,
        sublinear_tf=True,
        dtype=np.float32,
        # The default drops words of one letter: C, R.
        token_pattern=r"(?u)\b\w+\b",
    )
    try:
        return vectorizer, vectorizer.fit_transform(texts)
    except ValueError as error:
        wanted = "" if vectorizer.min_df == 1 else f"{vectorizer.min_df} of "
        raise NoWordsError(f"no word is in {wanted}the training texts") from error


def _features(vectorizer: TfidfVectorizer, texts: Sequence[str]) -> sp.csr_matrix:
    if len(texts) == 0:  # scikit-learn refuses none.
        return sp.csr_matrix((0, len(vectorizer.vocabulary_)))
    return vectorizer.transform(texts)


def _fit(
    features: sp.csr_matrix,
    labels: npt.NDArray[np.uint8],
    kind: Kind,
    cost: float,
    document_weights: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Return (F, L) weights and (L,) offsets; (n,) ``document_weights`` are 1 if not given."""
    weights = np.zeros((features.shape[1], labels.shape[1]))
    offsets = np.zeros(labels.shape[1])
    for label, column in enumerate(steps(list(labels.T), f"C = {cost:g}", "labels")):
        if column.min() == column.max():  # Nothing to tell apart.
            offsets[label] = CERTAIN if column.any() else -CERTAIN
            continue
        if kind == "svm":
            model = LinearSVC(C=cost, tol=TOLERANCE, random_state=0)
        else:  # Its C is on another scale: that of the log-likelihood.
            model = LogisticRegression(C=10 * cost, solver="liblinear", random_state=0)
        model.fit(features, column, sample_weight=document_weights)
        weights[:, label], offsets[label] = model.coef_[0], model.intercept_[0]
    return weights, offsets


def _values(features: sp.csr_matrix, weights: Floats, offsets: Floats) -> Floats:
    return np.asarray(features @ weights + offsets, dtype=np.float64)


def linear_baseline(
    datamodule: ResumeDataModule, settings: EvaluationSettings, console: Console
) -> tuple[LinearBaseline | None, str]:
    """Train the linear baseline on the training documents; choose by the validation documents.

    Of ``auto`` it takes about a minute: of many documents its C is not chosen but 1, which is one
    model a label rather than five, and of very many it is trained on some of them, drawn at random.
    Their characters are counted, not the seconds, so that a run and its repetition agree on any
    machine.

    Returns:
        The model, if there is one, and what is to be said of it:
        ``EvaluationResult.baseline_note``. The console is told where it is not as asked.
    """
    if not settings.baseline:
        return None, NOT_ASKED
    texts, labels = datamodule.table.texts, datamodule.table.labels
    train, val = (datamodule.indices(split) for split in ("train", "val"))
    costs, note = COSTS, ""
    if settings.baseline == "auto":
        train, costs, note = _within_a_minute(datamodule)
    if note:
        _say(console, f"The linear baseline is {note}.")
    try:
        with Phase("linear baseline"):
            baseline = fit_baseline(
                [texts[i] for i in train],
                labels[train],
                [texts[i] for i in val],
                labels[val],
                datamodule.table.label_names,
                costs=costs,
                settings=settings,
                val_groups=datamodule.groups[val],
                masked=datamodule.masked_texts(train),
                val_masked=datamodule.masked_texts(val),
            )
    except NoWordsError as error:
        why = f"There is nothing for it to learn from: {error}."
        _say(console, f"No linear baseline. {why}")
        return None, why
    return baseline, note


def _within_a_minute(
    datamodule: ResumeDataModule,
) -> tuple[npt.NDArray[np.int64], tuple[float, ...], str]:
    """Return which training documents take about a minute, the Cs to try, and what is left out."""
    train, texts = datamodule.indices("train"), datamodule.table.texts
    versions = 1 + sum(share > 0 for share in datamodule.mask_label_words.values())
    characters = versions * sum(len(texts[i]) for i in train)
    if characters <= TUNED_CHARACTERS:
        return train, COSTS, ""
    kept, trained = train, "the same documents"
    if characters > BASELINE_CHARACTERS:
        share = BASELINE_CHARACTERS / characters
        split = with_train_fraction(datamodule.split, share, datamodule.seed, datamodule.groups)
        kept = np.flatnonzero(split == "train")
        trained = f"{len(kept):,} of the {len(train):,} training documents, drawn at random,"
    note = (
        f"trained on {trained} with C = {DEFAULT_COST:g} rather than the best of several, to take "
        "about a minute (evaluation.baseline=true: on all, with the best C)"
    )
    return kept, (DEFAULT_COST,), note


def _say(console: Console, words: str) -> None:
    console.print(words, style="yellow", highlight=False, soft_wrap=True)


def with_baseline(
    result: EvaluationResult,
    baseline: LinearBaseline | None,
    note: str,
    texts: Sequence[str],
    settings: EvaluationSettings,
) -> EvaluationResult:
    """Return ``result`` with what the baseline gives for the same documents.

    Without a baseline, the note says why. The texts are all of the table, cleaned.
    """
    if baseline is None:
        return replace(result, baseline_note=note)
    found = evaluate_scores(
        result.split,
        baseline.decision_values([texts[i] for i in result.index]),
        result.truth,
        baseline.decisions,
        result.label_names,
        ids=result.ids,
        index=result.index,
        groups=result.groups,
        resamples=settings.bootstrap_resamples,
        metrics=load_metrics(settings.metrics),
    )
    found.metrics[TRAIN_DOCUMENTS] = float(baseline.documents)
    return replace(result, baseline=found, baseline_note=note)
