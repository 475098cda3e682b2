"""What a model gave for a split, and every figure of it: an :class:`EvaluationResult`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from resumebert.data.datamodule import ResumeDataModule
from resumebert.evaluation.areas import Flags, Floats
from resumebert.evaluation.decisions import Decisions
from resumebert.evaluation.intervals import bootstrap_intervals
from resumebert.evaluation.metrics import multilabel_metrics
from resumebert.evaluation.registry import Metric, load_metrics, metric_names
from resumebert.evaluation.top1 import top1_intervals, top1_metrics
from resumebert.model.classifier import ResumeClassifier
from resumebert.settings.schema import EvaluationSettings
from resumebert.utils.floats import to_probabilities

Interval = tuple[float, float]
TUNED = "tuned/"
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
        baseline_note: what a reader must know of it: that it was trained on a part of the training
            documents, as it follows on "a linear model, "; where there is none, why not, as a
            sentence. Empty: it was trained on all of them.
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

    @property
    def predicted(self) -> Flags:
        """(n, L) decisions, at the tuned thresholds."""
        return np.asarray(self.probabilities >= self.thresholds)

    def names(self, flags: Flags) -> list[str]:
        """Return the names of the labels whose (L,) flags are set."""
        return [name for name, flag in zip(self.label_names, flags, strict=True) if flag]

    def only(self, rows: Flags) -> "EvaluationResult":
        """Return the documents that (n,) ``rows`` marks, without the split's own figures."""
        return replace(
            self,
            ids=[name for name, kept in zip(self.ids, rows, strict=True) if kept],
            index=self.index[rows],
            groups=self.groups[rows],
            truth=self.truth[rows],
            logits=self.logits[rows],
            probabilities=self.probabilities[rows],
            metrics={},
            intervals={},
            baseline=None if self.baseline is None else self.baseline.only(rows),
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
    values: dict[str, float] = {} if math.isnan(loss) else {"loss": loss}
    intervals: dict[str, Interval] = {}
    for prefix, probabilities, limits in (
        ("", plain, np.full(len(label_names), PLAIN_THRESHOLD)),
        (TUNED, calibrated, thresholds),
    ):
        found = multilabel_metrics(
            torch.from_numpy(probabilities),
            torch.from_numpy(truth),
            label_names,
            limits.tolist(),
            metrics,
        )
        names = metric_names(label_names, metrics) if prefix else found  # Counts stand there once.
        values |= {f"{prefix}{name}": found[name] for name in names}
        if resamples and len(truth):
            ends = bootstrap_intervals(
                probabilities,
                truth,
                limits,
                label_names,
                groups,
                resamples=resamples,
                metrics=metrics,
            )
            intervals |= {f"{prefix}{name}": interval for name, interval in ends.items()}
    values |= {f"top1/{name}": value for name, value in top1_metrics(logits, truth).items()}
    if resamples and len(truth):
        ends = top1_intervals(logits, truth, groups, resamples=resamples)
        intervals |= {f"top1/{name}": interval for name, interval in ends.items()}
    return EvaluationResult(
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
    )


def evaluate_split(
    split: str,
    model: ResumeClassifier,
    stage: str,
    datamodule: ResumeDataModule,
    decisions: Decisions,
    settings: EvaluationSettings,
) -> EvaluationResult:
    """Evaluate what the last pass of a trainer gave.

    Args:
        split: what the documents are called.
        model: which scored them.
        stage: in which pass, ``val`` or ``test``.
        datamodule: the documents' own.
        decisions: from logits to probabilities and labels.
        settings: of them ``bootstrap_resamples`` and ``metrics``.
    """
    scores = model.scores[stage]
    index = scores.index.cpu().numpy()
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
    return {
        name.removeprefix(TUNED): value for name, value in values.items() if name.startswith(TUNED)
    }


def excerpt(text: str) -> str:
    """Return the beginning of a text, on one line."""
    return " ".join(text[:EXCERPT].split())
