"""Fully sharded data parallelism: each process holds a part of weights, gradients, optimizer."""

from pathlib import Path
from typing import Any

from lightning.pytorch.strategies import ModelParallelStrategy
from torch.distributed.fsdp import FSDPModule, fully_shard

from resumebert.model.classifier import ResumeClassifier


class FullySharded(ModelParallelStrategy):
    """PyTorch's FSDP2 over all processes (Zhao et al., "PyTorch FSDP", 2023), on GPUs and CPUs.

    A layer's weights are gathered when they are needed and freed afterwards. Checkpoints are as on
    one process: whole tensors in one file, from which any number of processes can resume.
    ``options`` are arguments of :class:`lightning.pytorch.strategies.ModelParallelStrategy`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(tensor_parallel_size=1, save_distributed_checkpoint=False, **options)

    def setup_environment(self) -> None:
        """Make one group of all processes, and let the trainer shard the model over it."""
        self._data_parallel_size = self.num_nodes * self.num_processes
        super().setup_environment()
        model, mesh = self.lightning_module, self.device_mesh["data_parallel"]
        assert isinstance(model, ResumeClassifier)

        def shard() -> None:
            """Shard each encoder layer, and the rest together."""
            if not isinstance(model, FSDPModule):
                for layer in model.bert.bert.encoder.layer:
                    fully_shard(layer, mesh=mesh)
                fully_shard(model, mesh=mesh)

        # On the instance: Lightning treats every model of a class with this method as sharded.
        model.configure_model = shard  # type: ignore[method-assign]

    def load_checkpoint(
        self, checkpoint_path: str | Path, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Load a checkpoint; after the training only the weights, since best.ckpt has no more."""
        if self.lightning_module is not None and self.lightning_module.trainer.state.fn != "fit":
            self.optimizers = []
        return super().load_checkpoint(checkpoint_path, weights_only)
