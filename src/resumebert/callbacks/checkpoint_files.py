"""How the trainer writes and reads its checkpoints."""

from pathlib import Path
from typing import Any

from lightning.pytorch.plugins.io import TorchCheckpointIO

from resumebert.model.checkpoint_file import read_checkpoint, write_checkpoint


class DurableCheckpointIO(TorchCheckpointIO):
    """Write a checkpoint beside its place, see it onto the disk, then rename it there.

    Lightning's own goes through the folder for temporary files, and from another disk nothing can
    be renamed; and it reads what was damaged since.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Save ``checkpoint`` as the file ``path``, with a digest of its content.

        Raises:
            UserError: it can't be written; what was there before is still there.
        """
        write_checkpoint(checkpoint, Path(path))

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read the file ``path``, always with ``weights_only=True``.

        Raises:
            UserError: it is not there, or damaged.
        """
        return read_checkpoint(Path(path), "ckpt_path")
