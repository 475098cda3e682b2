"""Runs that were interrupted, and those that continue them."""

import os
from pathlib import Path

from resumebert.utils.durable_files import replacing
from resumebert.utils.errors import UserError
from resumebert.utils.processes import first_process_only

LAST = Path("checkpoints") / "last.ckpt"
# In the folder of a run that continues another: the path of that run's checkpoint.
RESUMED_FROM = "resumed_from.txt"


def newest_interrupted(runs: Path) -> Path:
    """Return the newest last.ckpt in ``runs`` whose run was interrupted and not resumed."""
    started = [path.parent.parent for path in runs.glob(f"*/{LAST}")]
    resumed = {_origin(note) for run in started if (note := run / RESUMED_FROM).is_file()}
    interrupted = [
        checkpoint
        for run in started
        if (checkpoint := (run / LAST).resolve()) not in resumed
        and not (run / "metrics.json").exists()
    ]
    if not interrupted:
        raise UserError(
            f"ckpt_path=last: in {runs} there is no run that was interrupted after its first "
            "checkpoint. Give the checkpoint itself (ckpt_path=FOLDER/checkpoints/last.ckpt), or "
            "start afresh without ckpt_path."
        )
    return max(interrupted, key=lambda path: path.stat().st_mtime)


@first_process_only
def note_origin(checkpoint: Path, output_dir: Path) -> None:
    """Note in the folder of a run from which checkpoint of another it was resumed."""
    if checkpoint.resolve() != (output_dir / LAST).resolve():
        # A path need not be UTF-8.
        with replacing(output_dir / RESUMED_FROM) as file:
            file.write(os.fsencode(f"{checkpoint.resolve()}\n"))


def runs_so_far(output_dir: Path) -> list[Path]:
    """Return the folder of a run, after those of the runs that it resumes, the earliest first."""
    runs = [output_dir.resolve()]
    while (note := runs[0] / RESUMED_FROM).is_file():
        before = _origin(note).parent.parent
        if before in runs:
            break
        runs.insert(0, before)
    return runs


def _origin(note: Path) -> Path:
    return Path(os.fsdecode(note.read_bytes()).strip())
