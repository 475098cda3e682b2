"""Train a model: ``python train.py trainer.max_epochs=3``; ``python train.py --help``."""

import sys

import hydra
from omegaconf import DictConfig

from resumebert.model.stored_command import take_over_settings
from resumebert.sweeps.supervisor import each_run_in_its_own_process
from resumebert.utils.command_line import expand_home
from resumebert.utils.errors import report_user_errors
from resumebert.utils.processes import prepare_process
from resumebert.utils.streams import steady_streams


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
@report_user_errors
@each_run_in_its_own_process(__file__)
def main(config: DictConfig) -> float | None:
    """Train as ``config`` says; return the monitored metric."""
    # Imported here, so that --help, a mistyped key and tab completion answer at once, and a
    # mistaken value before PyTorch is loaded.
    from resumebert.tasks.early_checks import check_training

    check_training(config)
    from resumebert.tasks.train import train

    return train(config)


if __name__ == "__main__":
    with steady_streams():
        expand_home(sys.argv)
        prepare_process()
        take_over_settings(__file__)
        main()
