"""Fine-tune BERT to label résumés with job categories, and know how good it is.

What people use is here, and is imported when it is first asked for, so that ``import resumebert``
is quick: see ``docs/api.md``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resumebert.data.datamodule import ResumeDataModule
    from resumebert.data.duplicates import duplicate_groups
    from resumebert.data.splitting import stratified_split
    from resumebert.data.table import ResumeTable
    from resumebert.evaluation.comparison import paired_comparison
    from resumebert.evaluation.intervals import bootstrap_intervals
    from resumebert.evaluation.metrics import multilabel_metrics
    from resumebert.evaluation.registry import metric
    from resumebert.inference.explaining import Explanation
    from resumebert.inference.labeler import Prediction, ResumeLabeler
    from resumebert.model.classifier import ResumeClassifier
    from resumebert.settings.compose import compose
    from resumebert.tasks.evaluate import evaluate
    from resumebert.tasks.predict import predict
    from resumebert.tasks.train import train
    from resumebert.utils.errors import UserError

__version__ = "0.1.0"

_HOMES = {
    "Explanation": "inference.explaining",
    "Prediction": "inference.labeler",
    "ResumeClassifier": "model.classifier",
    "ResumeDataModule": "data.datamodule",
    "ResumeLabeler": "inference.labeler",
    "ResumeTable": "data.table",
    "UserError": "utils.errors",
    "bootstrap_intervals": "evaluation.intervals",
    "compose": "settings.compose",
    "duplicate_groups": "data.duplicates",
    "evaluate": "tasks.evaluate",
    "metric": "evaluation.registry",
    "multilabel_metrics": "evaluation.metrics",
    "paired_comparison": "evaluation.comparison",
    "predict": "tasks.predict",
    "stratified_split": "data.splitting",
    "train": "tasks.train",
}

__all__ = [
    "Explanation",
    "Prediction",
    "ResumeClassifier",
    "ResumeDataModule",
    "ResumeLabeler",
    "ResumeTable",
    "UserError",
    "bootstrap_intervals",
    "compose",
    "duplicate_groups",
    "evaluate",
    "metric",
    "multilabel_metrics",
    "paired_comparison",
    "predict",
    "stratified_split",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
