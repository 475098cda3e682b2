"""The settings of an evaluation: their meaning, and the values that a library call has by default.

The values of the commands stand in ``conf/evaluation/default.yaml``; a test holds the two equal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from omegaconf import DictConfig, OmegaConf

CalibrationMethod = Literal["none", "temperature", "platt", "isotonic"]
Objective = Literal["fixed", "f1", "precision", "recall", "cost", "guaranteed"]


@dataclass(frozen=True)
class EvaluationSettings:
    """How scores become probabilities, labels and figures: ``evaluation`` of a config.

    Attributes:
        calibration: a method of :func:`resumebert.evaluation.calibration.fit_calibration`, or the
            dotted name of one's own (:mod:`resumebert.evaluation.own_calibration`).
        thresholds: an objective of :func:`resumebert.evaluation.thresholds.tune_thresholds`.
        precision_floor: of the objective ``precision``, in (0, 1].
        recall_floor: of the objectives ``recall`` and ``guaranteed``, in (0, 1].
        confidence: of what is promised: of ``guaranteed`` and of ``abstain``; in (0, 1).
        abstain: mean errors of decided documents that are promised not to be exceeded, in (0, 1)
            (:mod:`resumebert.evaluation.abstention`); None: every document is decided.
        miss_cost: of the objective ``cost``: of a label not predicted that a document has; above 0.
        false_alarm_cost: likewise of a label predicted that a document has not; above 0.
        threshold_resamples: bootstrap samples that thresholds are averaged over; 0: none.
        bootstrap_resamples: of the 95 % intervals; 0: no intervals.
        metrics: dotted names of metrics of one's own (:mod:`resumebert.evaluation.registry`).
        baseline: whether to train the linear baseline; ``auto``: within about a minute.
        report: whether to write report.html, model_card.md and suspect_labels.csv.
        slices: whether the report has slices, and figures without the labels' own words.
        probes: whether it has the counterfactual probe.
        label_noise: whether it has suspect labels.
        errors: how many of the worst errors it has.
        label_words: further names of labels, by label.
    """

    calibration: str = "platt"
    thresholds: Objective = "f1"
    precision_floor: float = 0.9
    recall_floor: float = 0.9
    confidence: float = 0.95
    abstain: float | None = None
    miss_cost: float = 1.0
    false_alarm_cost: float = 1.0
    threshold_resamples: int = 50
    bootstrap_resamples: int = 10_000
    metrics: Sequence[str] = ()
    baseline: bool | Literal["auto"] = "auto"
    report: bool = True
    slices: bool = True
    probes: bool = True
    label_noise: bool = True
    errors: int = 20
    label_words: Mapping[str, Sequence[str]] | None = None

    @classmethod
    def of(cls, *configs: DictConfig | Mapping[str, Any]) -> "EvaluationSettings":
        """Return the settings of ``evaluation`` of one config or of several.

        A later config's value comes before an earlier one's, but null stands for no value. Of what
        none has, as those of older versions, the defaults hold.
        """
        known = {each.name for each in fields(cls)}
        given: dict[str, Any] = {}
        for config in configs:
            plain = (
                OmegaConf.to_container(config, resolve=True)
                if OmegaConf.is_config(config)
                else config
            )
            given |= {
                str(key): value
                for key, value in dict(plain).items()  # type: ignore[arg-type]
                if value is not None and key in known
            }
        return cls(**given)


DEFAULTS = EvaluationSettings()
