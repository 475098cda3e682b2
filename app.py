"""A web page that labels résumés: ``python app.py ckpt=outputs/train/DATE_TIME``."""

import sys

import hydra
from omegaconf import DictConfig

from resumebert.utils.command_line import expand_home
from resumebert.utils.errors import report_user_errors
from resumebert.utils.streams import steady_streams


@hydra.main(version_base="1.3", config_path="conf", config_name="app")
@report_user_errors
def main(config: DictConfig) -> None:
    """Serve as ``config`` says."""
    # Imported here, so that --help and a mistyped key answer at once.
    from resumebert.tasks.app import serve

    serve(config)


if __name__ == "__main__":
    with steady_streams():
        expand_home(sys.argv)
        main()
