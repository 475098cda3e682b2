"""What train.py says after the training."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

OUTPUTS: Mapping[str, str] = {
    "report.html": "all of it to read and to look at",
    "model_card.md": "what the model is, how good, and what it is not for",
    "metrics.json": "every metric of validation and test, with intervals",
    "predictions_test.csv": "each test résumé: true and predicted labels, calibrated probabilities",
    "suspect_labels.csv": "labels of the data that look wrong",
    "checkpoints/best.ckpt": "the model, with all it takes to use it",
    "checkpoints/last.ckpt": "to go on from: ckpt_path=…",
    "split.csv": "which résumé trained, validated, tested",
    "data_report.json": "what was read and what the model sees of it",
    "found.json": "what find.lr and find.batch_size found",
    "lr_finder.csv": "the loss at each learning rate tried",
    "environment.json": "versions, hardware, command line",
    "tensorboard": "curves",
}


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
