"""Export a checkpoint: ``python export.py ckpt=outputs/train/DATE_TIME output=FOLDER``."""

import sys

import hydra
from omegaconf import DictConfig

from resumebert.utils.command_line import expand_home
from resumebert.utils.errors import report_user_errors
from resumebert.utils.streams import steady_streams


@hydra.main(version_base="1.3", config_path="conf", config_name="export")
@report_user_errors
def main(config: DictConfig) -> None:
    """Export as ``config`` says."""
    # Imported here, so that --help and a mistyped key answer at once, and a mistaken value before
    # PyTorch is loaded.
    from resumebert.tasks.early_checks import check_export

    check_export(config)
    from resumebert.tasks.export import export_model

    export_model(config)


if __name__ == "__main__":
    with steady_streams():
        expand_home(sys.argv)
        main()
