"""What train.py and eval.py say when they are done."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from resumebert.utils.command_line import command_line

OUTPUTS: Mapping[str, str] = {
    "report.html": "all of it to read and to look at",
    "model_card.md": "what the model is, how good, and what it is not for",
    "metrics.json": "every metric of the splits, with intervals",
    "predictions_*.csv": "each résumé: true and predicted labels, calibrated probabilities",
    "suspect_labels.csv": "labels of the data that look wrong",
    "comparison.json": "how far the two models are apart, with intervals and p-values",
    "disagreements.csv": "the résumés that the two label differently",
    "checkpoints/best.ckpt": "the model, with all it takes to use it",
    "checkpoints/last.ckpt": "to go on from: ckpt_path=…",
    "split.csv": "which résumé trained, validated, tested",
    "data_report.json": "what was read and what the model sees of it",
    "environment.json": "versions, hardware, command line",
    "throughput.json": "how fast the training was",
    "*profile*": "where the time of training, validation or test went",
    "csv/metrics.csv": "curves",
    "tensorboard": "curves",
}


def say_where(console: Console, output_dir: Path, seconds: float) -> None:
    """Print how long a run took, what lies in its folder, and what to do with it."""
    folder = _from_here(output_dir)
    console.print(
        f"Done in {seconds / 60:.1f} minutes. Everything lies in {folder}:",
        highlight=False,
        soft_wrap=True,
    )
    list_outputs(console, output_dir)
    if (output_dir / "checkpoints").exists():
        again = command_line("python", "eval.py", ckpt=folder)
        console.print(f"Evaluate again:  {again}", highlight=False, soft_wrap=True)
    if (output_dir / "tensorboard").exists():
        words = f"Watch:           {command_line('tensorboard', '--logdir', str(folder.parent))}"
        console.print(words, highlight=False, soft_wrap=True)


def say_where_evaluation(console: Console, output_dir: Path) -> None:
    """Print what lies in the folder of an evaluation."""
    words = f"Everything lies in {_from_here(output_dir)}:"
    console.print(words, highlight=False, soft_wrap=True)
    list_outputs(console, output_dir)


def list_outputs(console: Console, output_dir: Path) -> None:
    """Print a line for each output in a folder."""
    for pattern, words in OUTPUTS.items():
        for path in sorted(output_dir.glob(pattern)):
            name = path.relative_to(output_dir).as_posix()
            console.print(f"  {name:24} {words}", highlight=False, soft_wrap=True)


def _from_here(folder: Path) -> Path:
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
