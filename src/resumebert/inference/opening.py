"""Open a trained model, whatever it was stored as."""

from collections.abc import Sequence
from pathlib import Path

from resumebert.data.cleaning import MASKING
from resumebert.data.tokenization import TextTokenizer
from resumebert.data.windows import Windowing, window_length
from resumebert.evaluation.decisions import stored_decisions
from resumebert.inference.exported import exported_folder, open_exported
from resumebert.inference.opened import OpenedModel
from resumebert.model.checkpoint import checkpoint_file, load_checkpoint


def open_model(path: Path, trust: Sequence[str] = ()) -> OpenedModel:
    """Open a checkpoint, the best one of a run's folder, or a folder that export.py wrote.

    Args:
        path: of it.
        trust: packages of the user's own, of which it may name a model, a pooling or a calibration.

    Raises:
        UserError: it can't be used.
    """
    if exported_folder(path) is not None:
        return open_exported(path, trust)
    file = checkpoint_file(path)
    model, extras = load_checkpoint(file, trust=trust)
    model.chunk_tokens = extras.config["model"]["chunk_tokens"]
    data, where = extras.config["data"], str(file)
    length = window_length(data["max_length"], data["long_documents"])
    return OpenedModel(
        model=model,
        tokenizer=TextTokenizer.from_files(extras.tokenizer_files, where),
        windowing=Windowing(data["long_documents"], length, data["stride"]),
        cleaning=[*data["cleaning"], *([MASKING] if data["mask_pii"] else [])],
        decisions=stored_decisions(extras.decisions, len(model.label_names), where, trust),
        precision=extras.config["trainer"]["precision"],
        where=where,
        config=extras.config,
    )
