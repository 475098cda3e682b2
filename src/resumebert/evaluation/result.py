"""What a model gave for a split, and every figure of it: an :class:`EvaluationResult`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from resumebert.data.datamodule import ResumeDataModule
from resumebert.evaluation.abstention import (
    Abstention,
    errors_of,
    expected_errors,
    review_statistic,
)
from resumebert.evaluation.areas import Flags, Floats
from resumebert.evaluation.decisions import Decisions
from resumebert.evaluation.intervals import Interval as Interval
from resumebert.evaluation.intervals import measured
from resumebert.evaluation.metrics import Documents, checked_documents, weighted_metrics
from resumebert.evaluation.registry import Metric, load_metrics, metric_names
from resumebert.evaluation.top1 import top1_statistic
from resumebert.model.classifier import ResumeClassifier
from resumebert.settings.schema import EvaluationSettings
from resumebert.utils.floats import to_probabilities
from resumebert.utils.progress import Phase

TUNED = "tuned/"
TOP1 = "top1/"
ABSTAIN = "abstain/"
PLAIN_THRESHOLD = 0.5
EXCERPT = 200
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class EvaluationResult:
    """What one model gave for the n documents of a split, and how good that is.

    Attributes:
        split: "val", "test", "train" or "all".
        label_names: L names.
        ids: n identifiers.
        index: (n,) positions in the table.
        groups: (n,) group number of each document; duplicates share one.
        truth: (n, L).
        logits: (n, L), as the model gave them, for the linear baseline its decision values.
        probabilities: (n, L), calibrated.
        thresholds: (L,) tuned, of the calibrated probabilities.
        metrics: by the names of metrics.json without the split: ``f1_micro`` is at 0.5 of the plain
            sigmoid, ``tuned/f1_micro`` at ``thresholds`` of ``probabilities``; ``nan`` where
            undefined.
        intervals: 95 % bootstrap intervals by the same names.
        baseline: what the linear baseline gave for the same documents; None: there is none.
        baseline_note: where there is no baseline, why, as a sentence; where it was trained on a
            part of the training documents, on which, as it follows on "a linear model, ".
        abstention: which documents are marked for review; None: there is none.
    """

    split: str
    label_names: Sequence[str]
    ids: Sequence[str]
    index: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    truth: Flags
    logits: Floats
    probabilities: Floats
    thresholds: Floats
    metrics: dict[str, float]
    intervals: dict[str, Interval] = field(default_factory=dict)
    baseline: "EvaluationResult | None" = None
    baseline_note: str = ""
    abstention: Abstention | None = None

    @property
    def predicted(self) -> Flags:
        """(n, L) decisions, at the tuned thresholds."""
        return np.asarray(self.probabilities >= self.thresholds)

    @property
    def errors(self) -> Floats:
        """(n,) share of each document's labels, given or true, that are wrong or missed."""
        return errors_of(self.truth, self.predicted)

    @property
    def expected_errors(self) -> Floats:
        """(n,) the same as the probabilities foresee it, whatever is true."""
        return expected_errors(self.probabilities, self.thresholds)

    @property
    def review(self) -> Flags | None:
        """(n,) which documents are marked for review; None without abstention."""
        return None if self.abstention is None else self.abstention.review(self.expected_errors)

    @property
    def documents(self) -> Documents:
        """The documents, as they are labelled at the tuned thresholds."""
        return checked_documents(
            self.probabilities, self.truth, self.thresholds, self.label_names, self.groups
        )

    def names(self, flags: Flags) -> list[str]:
        """Return the names of the labels whose (L,) flags are set."""
        return [name for name, flag in zip(self.label_names, flags, strict=True) if flag]

    def only(self, rows: Flags) -> "EvaluationResult":
        """Return the documents that (n,) ``rows`` marks, without the split's own figures."""
        arrays = ("index", "groups", "truth", "logits", "probabilities")
        return replace(
            self,
            ids=[name for name, kept in zip(self.ids, rows, strict=True) if kept],
            metrics={},
            intervals={},
            baseline=None if self.baseline is None else self.baseline.only(rows),
            **{name: getattr(self, name)[rows] for name in arrays},
        )

    def in_order_of(self, other: "EvaluationResult") -> "EvaluationResult":
        """Return this result with the documents and labels of ``other``, in its order."""
        row = {name: place for place, name in enumerate(self.ids)}
        column = {name: place for place, name in enumerate(self.label_names)}
        columns = [column[name] for name in other.label_names]
        cells = np.ix_([row[name] for name in other.ids], columns)
        return replace(
            other,
            logits=self.logits[cells],
            probabilities=self.probabilities[cells],
            thresholds=self.thresholds[columns],
            metrics=self.metrics,
            intervals=self.intervals,
            abstention=self.abstention,
            baseline=None,
            baseline_note="",
        )


def evaluate_scores(
    split: str,
    logits: Floats,
    truth: npt.NDArray[np.bool_],
    decisions: Decisions,
    label_names: Sequence[str],
    *,
    ids: Sequence[str],
    index: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    resamples: int,
    metrics: Sequence[Metric] = (),
    loss: float = math.nan,
) -> EvaluationResult:
    """Compute all metrics of a split, at 0.5 and as the model is used, and their intervals.

    Args:
        split: its name.
        logits: (n, L).
        truth: (n, L).
        decisions: from logits to probabilities and labels.
        label_names: L names.
        ids: n identifiers.
        index: (n,) positions in the table.
        groups: (n,) group number of each document; duplicates share one.
        resamples: of the bootstrap; 0: no intervals.
        metrics: of one's own, beside the built-in ones.
        loss: of the split, if there is one.
    """
    plain = to_probabilities(torch.from_numpy(logits)).numpy()
    calibrated = decisions.calibration.apply(logits)
    thresholds = np.array(decisions.thresholds)
    resamples = resamples if len(truth) else 0
    names = metric_names(label_names, metrics)
    values: dict[str, float] = {} if math.isnan(loss) else {"loss": loss}
    intervals: dict[str, Interval] = {}
    for prefix, probabilities, limits in (
        ("", plain, PLAIN_THRESHOLD),
        (TUNED, calibrated, thresholds),
    ):
        documents = checked_documents(probabilities, truth, limits, label_names, groups)
        found, ends = measured(weighted_metrics(documents, metrics), documents, resamples)
        values |= {f"{prefix}{name}": found[name] for name in names}
        intervals |= _prefixed(prefix, ends)
        if not prefix:  # The counts are the same at any threshold.
            values |= documents.counts
    found, ends = measured(*top1_statistic(logits, truth, groups), resamples)
    values |= _prefixed(TOP1, found)
    intervals |= _prefixed(TOP1, ends)
    result = EvaluationResult(
        split=split,
        label_names=list(label_names),
        ids=list(ids),
        index=index,
        groups=groups,
        truth=truth,
        logits=logits,
        probabilities=calibrated,
        thresholds=thresholds,
        metrics=values,
        intervals=intervals,
        abstention=decisions.abstention,
    )
    if (review := result.review) is not None:
        found, ends = measured(*review_statistic(result.errors, review, groups), resamples)
        values |= _prefixed(ABSTAIN, found)
        intervals |= _prefixed(ABSTAIN, ends)
    return result


def evaluate_split(
    split: str,
    model: ResumeClassifier,
    stage: str,
    datamodule: ResumeDataModule,
    decisions: Decisions,
    settings: EvaluationSettings,
) -> EvaluationResult:
    """Evaluate what a model gave in the last pass, ``val`` or ``test``, of a trainer.

    The split is what the documents, those of the data module, are called.
    """
    scores = model.scores[stage]
    index = scores.index.cpu().numpy()
    with Phase(f"figures of {split.replace('val', 'validation')}"):
        return evaluate_scores(
            split,
            scores.logits.double().cpu().numpy(),
            scores.targets.cpu().numpy().astype(bool),
            decisions,
            model.label_names,
            ids=[str(datamodule.table.ids[i]) for i in index],
            index=index,
            groups=datamodule.groups[index],
            resamples=settings.bootstrap_resamples,
            metrics=load_metrics(settings.metrics),
            loss=model.results[stage]["loss"],
        )


def tuned_only(values: Mapping[str, _Value]) -> dict[str, _Value]:
    """Return what is named ``tuned/…``, without that."""
    return {n.removeprefix(TUNED): value for n, value in values.items() if n.startswith(TUNED)}


def excerpt(text: str) -> str:
    """Return the beginning of a text, on one line."""
    return " ".join(text[:EXCERPT].split())


def _prefixed(prefix: str, values: Mapping[str, _Value]) -> dict[str, _Value]:
    return {f"{prefix}{name}": value for name, value in values.items()}
