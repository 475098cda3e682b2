"""README.md of an exported model: metadata that the Hugging Face hub reads, then the model card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResult, ModelCardData

from resumebert.charts import template
from resumebert.evaluation.registry import METRICS, in_tables
from resumebert.evaluation.result import TUNED

SPLIT = "test"
TASK = "text-classification"
# The metrics of the hub that ours are.
KINDS = ("f1", "precision", "recall")


@dataclass(frozen=True)
class HubCard:
    """What an exported model's README.md tells.

    ``base_model`` is the encoder's name on the hub, ``dataset`` that of the data; None: there is
    none. ``metrics`` are those of the training run, and ``checked`` tells how far the exported
    model is from the trained one.
    """

    name: str
    format: str
    max_length: int
    base_model: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    dataset: str | None = None
    body: str = ""
    checked: Sequence[str] = ()

    @property
    def figures(self) -> dict[str, float]:
        """Metric → value on the test split, at the tuned thresholds where it has any."""
        found = {}
        for name in METRICS:
            plain = self.metrics.get(f"{SPLIT}/{name}")
            value = self.metrics.get(f"{SPLIT}/{TUNED}{name}", plain)
            if isinstance(value, int | float):
                found[name] = float(value)
        return {each.name: found[each.name] for each in in_tables(found)}


def hub_readme(card: HubCard) -> str:
    """Return the README.md, with a block of YAML in front that holds the ``model-index``."""
    results = [
        EvalResult(
            task_type=TASK,
            dataset_type=card.dataset or "unpublished",
            dataset_name=card.dataset or Path(card.source).name or "unpublished",
            dataset_split=SPLIT,
            metric_type=next((kind for kind in KINDS if name.startswith(f"{kind}_")), name),
            metric_name=METRICS[name].title,
            metric_value=round(value, 6),
        )
        for name, value in card.figures.items()
    ]
    metadata = ModelCardData(
        base_model=card.base_model,
        library_name="transformers" if card.format == "hf" else "onnx",
        pipeline_tag=TASK,
        tags=["resumebert", "multi-label-classification", "resume"],
        datasets=[card.dataset] if card.dataset else None,
        model_name=card.name,
        eval_results=results or None,
    )
    body = template("resumebert.report", "hub_card.md", autoescape=False).render(
        card=card, titles=METRICS
    )
    return f"---\n{metadata.to_yaml()}\n---\n\n{body}"


def eval_results(card: HubCard) -> str | None:
    """Return figures as the hub's ``.eval_results/*.yaml``; None without data on the hub."""
    if card.dataset is None or not card.figures:
        return None
    entries = [
        {
            "dataset": {"id": card.dataset, "task_id": name},
            "value": round(value, 6),
            "notes": f"{METRICS[name].title}, whole documents, calibrated, tuned thresholds",
        }
        for name, value in card.figures.items()
    ]
    return str(yaml.safe_dump(entries, sort_keys=False, allow_unicode=True))
