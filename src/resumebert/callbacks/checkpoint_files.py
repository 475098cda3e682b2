"""Checkpoint files that are whole whenever the process, or the machine, stops."""

import os
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from resumebert.utils.errors import UserError


class DurableCheckpointIO(TorchCheckpointIO):
    """Write a checkpoint beside its place, see it onto the disk, then rename it there.

    Whoever opens the file finds the old one or the new one, never a part. (Lightning's own goes
    through the folder for temporary files, and from another disk nothing can be renamed.) What a
    killed process left half-written is removed with the next save.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Save ``checkpoint`` as the file ``path``.

        Raises:
            UserError: it can't be written; what was there before is still there.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        for left_over in path.parent.glob(f".{path.name}.*.partial"):
            left_over.unlink(missing_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            replace_durably(partial, path)
        except (OSError, RuntimeError) as error:
            # A zip archive that is cut off by a full disk is a RuntimeError to PyTorch.
            reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
            kept = "; the one from before is still there" if path.exists() else ""
            raise UserError(
                f"{path}: the checkpoint can't be written ({reason}){kept}. Make room on the disk, "
                "or give another folder with output_dir=FOLDER."
            ) from error
        finally:
            partial.unlink(missing_ok=True)


def replace_durably(partial: Path, path: Path) -> None:
    """Rename ``partial``, which is on the disk, to ``path``, and see the new name onto the disk."""
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
