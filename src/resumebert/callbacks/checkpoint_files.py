"""Checkpoint files that are whole whenever the process, or the machine, stops."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from resumebert.utils.durable_files import write_durably
from resumebert.utils.errors import UserError


class DurableCheckpointIO(TorchCheckpointIO):
    """Write a checkpoint so that a whole one is there at any moment.

    Lightning's own goes through the folder for temporary files, and from another disk nothing can
    be renamed.
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
        try:
            write_durably(path, lambda file: torch.save(checkpoint, file))
        except (OSError, RuntimeError) as error:
            # A zip archive that is cut off by a full disk is a RuntimeError to PyTorch.
            reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
            kept = "; the one from before is still there" if path.exists() else ""
            raise UserError(
                f"{path}: the checkpoint can't be written ({reason}){kept}. Make room on the disk, "
                "or give another folder with output_dir=FOLDER."
            ) from error
