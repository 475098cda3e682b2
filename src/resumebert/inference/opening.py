"""Open a trained model, whatever it was stored as."""

from collections.abc import Sequence
from pathlib import Path

from resumebert.data.build import treatment
from resumebert.data.tokenization import TextTokenizer
from resumebert.inference.evaluating import open_checkpoint
from resumebert.inference.exported import exported_folder, open_exported
from resumebert.inference.opened import OpenedModel
from resumebert.settings.schema import DataSettings


def open_model(path: Path, trust: Sequence[str] = ()) -> OpenedModel:
    """Open a checkpoint, the best one of a run's folder, or a folder that export.py wrote.

    ``trust``: the user's own packages, of which it may name a model, a pooling or a calibration.
    """
    if exported_folder(path) is not None:
        return open_exported(path, trust)
    found = open_checkpoint(str(path), "ckpt", trust)
    cleaning, windowing = treatment(DataSettings.of(found.config["data"]))
    return OpenedModel(
        model=found.model,
        tokenizer=TextTokenizer.from_files(found.extras.tokenizer_files, str(found.path)),
        windowing=windowing,
        cleaning=cleaning,
        decisions=found.decisions,
        precision=found.config["trainer"]["precision"],
        where=str(found.path),
        checkpoint=found,
    )
