"""What train.py says before and after the training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

OUTPUTS: Mapping[str, str] = {
    "metrics.json": "every metric of validation and test",
    "predictions_test.csv": "each test résumé: true and predicted labels, probabilities",
    "checkpoints/best.ckpt": "the model, with all it takes to use it",
    "checkpoints/last.ckpt": "to go on from: ckpt_path=…",
    "split.csv": "which résumé trained, validated, tested",
    "data_report.json": "what was read and what the model sees of it",
    "environment.json": "versions, hardware, command line",
    "tensorboard": "curves",
}


def describe_data(console: Console, report: Mapping[str, Any]) -> None:
    """Print a data report in two lines: the documents, and how much of them the model reads."""
    splits = ", ".join(f"{s['documents']} {name}" for name, s in report["splits"].items())
    tokens = report["tokens"]
    for note in report["notes"]:
        console.print(f"Note: {note}", highlight=False, soft_wrap=True)
    if report["rows_skipped"]:
        console.print(
            f"{report['rows_skipped']} rows were skipped; data_report.json lists them.",
            style="yellow",
            soft_wrap=True,
        )
    console.print(
        f"{report['source']}: {report['rows_used']} of {report['rows_read']} résumés ({splits}), "
        f"{len(report['label_names'])} labels. {tokens['share_of_documents_truncated']:.0%} are "
        f"longer than data.max_length={tokens['max_length']}; the model reads "
        f"{tokens['share_of_tokens_read']:.0%} of all tokens.",
        highlight=False,
        soft_wrap=True,
    )


def say_where(console: Console, output_dir: Path, seconds: float) -> None:
    """Print how long a run took, what lies in its folder, and what to do with it."""
    if output_dir.is_relative_to(Path.cwd()):
        output_dir = output_dir.relative_to(Path.cwd())
    console.print(
        f"Done in {seconds / 60:.1f} minutes. Everything lies in {output_dir}:",
        highlight=False,
        soft_wrap=True,
    )
    for name, words in OUTPUTS.items():
        if (output_dir / name).exists():
            console.print(f"  {name:24} {words}", highlight=False, soft_wrap=True)
    console.print(
        f"Evaluate again:  python eval.py ckpt={output_dir}\n"
        f"Watch:           tensorboard --logdir {output_dir.parent}",
        highlight=False,
        soft_wrap=True,
    )
