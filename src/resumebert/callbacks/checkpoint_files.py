"""How the trainer writes its checkpoints."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from resumebert.utils.durable_files import replacing


class DurableCheckpointIO(TorchCheckpointIO):
    """Write a checkpoint beside its place, see it onto the disk, then rename it there.

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
        with replacing(Path(path)) as file:
            torch.save(checkpoint, file)
