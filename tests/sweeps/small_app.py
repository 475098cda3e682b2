"""A command that sweeps as train.py does, but does next to nothing in each run."""

import json
import os
import signal
import time
from pathlib import Path

import hydra
from omegaconf import DictConfig

from resumebert.sweeps.supervisor import each_run_in_its_own_process
from resumebert.utils.errors import UserError, report_user_errors


@hydra.main(version_base="1.3", config_path="small_conf", config_name="small")
@report_user_errors
@each_run_in_its_own_process(__file__)
def main(config: DictConfig) -> None:
    """Do as ``config.does`` says; leave a metric of ``config.x``."""
    folder = Path(config.output_dir)
    (folder / "checkpoints").mkdir(exist_ok=True)
    with (folder / "started.txt").open("a") as file:
        threads = os.environ.get("OMP_NUM_THREADS")
        file.write(f"{config.ckpt_path} {threads} {os.getpid()}\n")
    (folder / "checkpoints" / "last.ckpt").write_text("weights")
    if config.does == "mistake":
        raise UserError(f"x={config.x}: is wrong.")
    if config.does == "crash":
        raise ValueError("a bug")
    if config.does == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if config.does == "prune":
        (folder / "pruned.json").write_text(json.dumps({"reason": "hopeless"}))
        raise SystemExit(0)
    if config.does == "wait" and config.ckpt_path is None:
        time.sleep(3600)  # Longer than the tests wait for anything.
    (folder / "metrics.json").write_text(json.dumps({"val/f1_macro": config.x}))


if __name__ == "__main__":
    main()
