"""Configs without a command line."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from omegaconf import DictConfig

from resumebert.utils.errors import UserError

# Of a clone, which an editable install points to.
FOLDER = Path(__file__).parents[2] / "conf"


def compose(
    overrides: Sequence[str] = (), *, name: str = "train", folder: str | Path | None = None
) -> DictConfig:
    """Return the config that ``python train.py OVERRIDES`` would have, for a notebook or a script.

    Args:
        overrides: as on the command line: ``["trainer.max_epochs=3", "model=bert_tiny"]``.
        name: ``train``, or ``eval`` for :func:`resumebert.evaluate`.
        folder: of the config files; None: ``conf/`` of the clone that this package lies in.

    Returns:
        The config; its ``output_dir`` is ``outputs/NAME/DATE_TIME`` unless the overrides give one.

    Raises:
        UserError: there is no such folder.
        hydra.errors.HydraException: there is no such key, or no such choice.
    """
    found = FOLDER if folder is None else Path(folder)
    if not (found / f"{name}.yaml").is_file():
        raise UserError(
            f"{found} holds no {name}.yaml. The config files are in conf/ of the repository: give "
            "folder=PATH."
        )
    given = list(overrides)
    if not any(override.lstrip("+").startswith("output_dir=") for override in given):
        given.append(f"output_dir=outputs/{name}/{datetime.now():%Y-%m-%d_%H-%M-%S}")
    with initialize_config_dir(str(found.resolve()), version_base="1.3"):
        config = hydra_compose(name, given)
    if "typed" in config:
        config.typed = list(overrides)
    return config
