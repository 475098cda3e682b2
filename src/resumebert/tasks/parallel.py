"""What a run on several processes needs that one on a single process does not."""

from lightning.pytorch import Trainer
from omegaconf import DictConfig

from resumebert.callbacks.averaging import AveragedWeights
from resumebert.data.datamodule import ResumeDataModule, SplitName
from resumebert.model.sharding import FullySharded
from resumebert.utils.errors import UserError


def check_parallel(config: DictConfig, trainer: Trainer, datamodule: ResumeDataModule) -> None:
    """Check, before any process is started, that every process gets documents of every batch.

    Raises:
        UserError: there are too many processes, or what was chosen does not go with sharding.
    """
    processes = trainer.world_size
    if config.data.batch_size < processes:
        raise UserError(
            f"data.batch_size={config.data.batch_size}: it counts the documents of a step over all "
            f"processes, of which there are {processes}. Give at least as many."
        )
    splits: tuple[SplitName, ...] = ("train", "val", "test")
    for split in splits:
        documents = len(datamodule.indices(split))
        if 0 < documents < processes:
            raise UserError(
                f"trainer.devices={config.trainer.devices}: the {split} split has {documents} "
                f"documents, fewer than the {processes} processes that share it. Use fewer "
                "processes, or more documents."
            )
    if not isinstance(trainer.strategy, FullySharded):
        return
    averages = any(
        isinstance(callback, AveragedWeights)
        for callback in trainer.callbacks  # type: ignore[attr-defined]
    )
    for is_asked, key in ((averages, "callbacks=ema or swa"), (config.model.lora, "model.lora")):
        if is_asked:
            raise UserError(
                f"{key}: it needs whole weights, and with trainer=fsdp no process has them. Use "
                "trainer=ddp."
            )
