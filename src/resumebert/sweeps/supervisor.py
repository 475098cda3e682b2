"""Run each run of a sweep in its own process, under every launcher.

Hydra stops a sweep at the first exception, and a run that the system kills would end the sweep.
Therefore the function that Hydra launches for a run only supervises: it starts ``python train.py``
with the run's settings, waits, and records the outcome. It never fails itself. The run is an
ordinary one: its command can be repeated by hand, and under DDP its ranks start no sweep.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout
from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from resumebert.sweeps.status import (
    DONE,
    PRUNED_NOTE,
    RUNNING,
    RunStatus,
    outcome_of,
    read_metrics,
    read_status,
    write_status,
)
from resumebert.sweeps.stopping import (
    LOCK,
    PARENT,
    end_with_the_sweep,
    how_to_go_on,
    is_job,
    is_worker,
    leave,
    noting_signals,
    say,
    wait_for,
)
from resumebert.utils.command_line import SWEPT, as_override, command_line, config_flags, given_keys
from resumebert.utils.console import duration
from resumebert.utils.errors import UserError
from resumebert.utils.interrupted_runs import LAST

LOG = "train.log"
# Set for the run of a sweep: its standard input closes when the sweep ends.
IN_SWEEP = "RESUMEBERT_IN_SWEEP"
# Removed when a run starts again, so that no results of its earlier attempt remain.
LEFTOVERS = ("metrics.json", PRUNED_NOTE, LOG, "checkpoints", "tensorboard", "csv")
# Settings of the sweep that are not passed on to its runs.
SWEEP_ONLY = ("hydra.sweep", "hydra/sweep", "hydra.launcher", "hydra/launcher", "hydra.mode",
              "hydra.run.")  # fmt: skip
Task = Callable[[DictConfig], Any]


def each_run_in_its_own_process(script: str) -> Callable[[Task], Task]:
    """Decorate an entry point so that each run of a sweep is a process of ``script``."""

    def decorate(function: Task) -> Task:
        @wraps(function)
        def wrapper(config: DictConfig) -> Any:
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                return supervise(Path(script), config)
            if os.environ.get(IN_SWEEP):
                end_with_the_sweep()
            return function(config)

        return wrapper

    return decorate


def supervise(script: Path, config: DictConfig) -> float | None:
    """Run a run's process unless it has finished before; return its ``config.monitor``, if any."""
    hydra = HydraConfig.get()
    folder, overrides = Path(hydra.runtime.output_dir), list(hydra.overrides.task)
    name, metric = f"run {folder.name}", OmegaConf.select(config, "monitor.metric")
    stopped_by = None
    try:
        with FileLock(folder / LOCK, blocking=False):
            status = read_status(folder)
            if status is None or status.overrides != overrides:
                status = RunStatus("new", overrides, [], attempts=0)
            if status.state in DONE:
                words = f"{status.state} before"
            else:
                status, stopped_by = _attempt(script, folder, status, hydra)
                words = f"{status.state} after {duration(status.seconds)}"
            if metric in (metrics := read_metrics(folder)):
                words += f", {metric} {metrics[metric]:.4f}"
            say(f"{name}: {words}" + (f": {status.reason}" if status.reason else ""))
            if stopped_by is not None:
                _sum_up(hydra)
    except Timeout:
        say(f"{name}: another process is running it")
    # A job must return normally: its exit would be an error in the process that waits for all jobs.
    if stopped_by is not None and not is_job():
        leave(stopped_by, as_worker=is_worker(hydra))
    return read_metrics(folder).get(metric)


def _attempt(
    script: Path, folder: Path, before: RunStatus, hydra: HydraConf
) -> tuple[RunStatus, signal.Signals | None]:
    """Run the process and record its outcome; return it, and the signal that stopped the run."""
    name = f"run {folder.name}"
    resumed = before.is_resumable and (folder / LAST).exists()
    if not resumed:
        _clear(folder)
    command = [
        sys.executable, str(script), *config_flags(hydra), *before.overrides,
        *(item for item in hydra.overrides.hydra if not item.lstrip("+~").startswith(SWEEP_ONLY)),
        # Otherwise a search's config would make the run a sweep.
        "hydra.mode=RUN",
        as_override("hydra.run.dir", folder),
        *([as_override("ckpt_path", folder / LAST)] if resumed else []),
    ]  # fmt: skip
    seconds = before.seconds if resumed else 0.0
    status = RunStatus(RUNNING, before.overrides, command, before.attempts + 1, seconds)
    write_status(folder, status)
    swept = _swept(hydra)
    begins = "resumes from its last checkpoint" if resumed else "starts"
    say(f"{name}: {begins}: {command_line(*swept) or 'as typed'}")
    started = time.monotonic()
    tail: deque[str] = deque(maxlen=200)
    with (folder / LOG).open("a", encoding="utf-8") as log, noting_signals() as noted:
        process = _start(command, hydra, swept)
        reader = threading.Thread(target=_read, args=(process.stdout, log, tail, name))
        reader.start()
        exit_code = wait_for(process, noted, as_worker=is_worker(hydra))
        # Ends the processes that the run has started, such as the other ranks of DDP.
        assert process.stdin is not None
        process.stdin.close()
        reader.join()
    state, reason = outcome_of(folder, exit_code, list(tail), is_stopped=bool(noted))
    seconds += time.monotonic() - started
    status = replace(status, state=state, reason=reason, exit_code=exit_code, seconds=seconds)
    write_status(folder, status)
    return status, noted[0] if noted else None


def _start(command: list[str], hydra: HydraConf, swept: list[str]) -> "subprocess.Popen[str]":
    environment = {
        **os.environ, IN_SWEEP: "1", SWEPT: " ".join(given_keys(swept)), "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    # joblib and Ray divide the cores themselves and set this variable.
    if threads := OmegaConf.select(hydra.launcher, "cpus_per_task"):
        environment.setdefault("OMP_NUM_THREADS", str(threads))
    # A run is one task of the job. Lightning would take the job's tasks for processes of the run.
    if "SLURM_JOB_NAME" in environment:
        environment["SLURM_JOB_NAME"] = "bash"
    return subprocess.Popen(
        command,
        cwd=hydra.runtime.cwd,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        # Without its own session the run would get the terminal's Ctrl-C twice.
        start_new_session=True,
    )


def _read(output: IO[str], log: IO[str], tail: deque[str], name: str) -> None:
    is_full = False
    for line in output:
        # An exception would end this thread, and the run would block when the pipe is full.
        try:
            if not is_full:
                log.write(line)
                log.flush()
        except OSError as error:
            is_full = True
            say(f"{name}: {LOG} can't be written any more ({error.strerror})")
        tail.append(line.rstrip("\n"))
        if line.startswith("epoch "):
            say(f"{name}: {line.rstrip()}")


def _sum_up(hydra: HydraConf) -> None:
    """Write the leaderboard of a sweep that a signal ends, and print how to continue."""
    # Imported here because it takes a second, and this process mostly waits.
    from resumebert.sweeps.leaderboard import write_leaderboard

    try:
        write_leaderboard([Path(hydra.sweep.dir)])
    except UserError as error:
        say(str(error))
    if not is_worker(hydra) or os.getppid() != PARENT:
        # Otherwise the sweep's process prints it.
        say(how_to_go_on(hydra.sweep.dir))


def _clear(folder: Path) -> None:
    for name in LEFTOVERS:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _swept(hydra: HydraConf) -> list[str]:
    """Return the settings of this run that differ between runs."""
    written = Path(hydra.sweep.dir) / "multirun.yaml"
    typed = list(OmegaConf.load(written).hydra.overrides.task) if written.exists() else []
    shared = {
        override.get_key_element()
        for override in OverridesParser.create().parse_overrides(typed)
        if not override.is_sweep_override()
    }
    return [
        item
        for item in hydra.overrides.task
        if item.partition("=")[0] not in shared and not item.startswith("callbacks.pruning.")
    ]
