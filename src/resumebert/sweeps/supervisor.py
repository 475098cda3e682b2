"""Run each run of a sweep in its own process, under every launcher.

Hydra stops a sweep at the first exception, and a run that the system kills would end the sweep.
Therefore the function that Hydra launches for a run only supervises: it starts ``python train.py``
with the run's settings, waits, and records the outcome. It never fails itself. The run is an
ordinary one: its command can be repeated by hand, and under DDP its ranks start no sweep.
"""

import json
import math
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
    FAILED,
    FINISHED,
    INTERRUPTED,
    PRUNED,
    RUNNING,
    RunStatus,
    read_status,
    reason_of,
    write_status,
)
from resumebert.sweeps.stopping import (
    LOCK,
    PARENT,
    STOPPED,
    end_with_the_sweep,
    how_to_go_on,
    is_job,
    is_worker,
    leave,
    say,
    signals_passed_on,
)
from resumebert.utils.command_line import SWEPT, as_override, command_line, config_flags, given_keys
from resumebert.utils.console import duration

LOG = "train.log"
# callbacks.pruning writes this file when it ends a run.
PRUNED_NOTE = "pruned.json"
LAST_CHECKPOINT = Path("checkpoints") / "last.ckpt"
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
    """Run and supervise the process of one run; do nothing if the run has finished before.

    Returns:
        The run's value of ``config.monitor``; None if it has none.
    """
    hydra = HydraConfig.get()
    folder = Path(hydra.runtime.output_dir)
    name, overrides = f"run {folder.name}", list(hydra.overrides.task)
    stopped_by = None
    try:
        with FileLock(folder / LOCK, blocking=False):
            before = read_status(folder)
            if before is not None and before.overrides != overrides:
                before = None
            if before is not None and before.state in DONE:
                say(f"{name}: {before.state} before{_result(folder, config)}")
            else:
                stopped_by = _attempt(script, folder, before, config)
    except Timeout:
        say(f"{name}: another process is running it")
    # A job must return normally: its exit would be an error in the process that waits for all jobs.
    if stopped_by is not None and not is_job():
        leave(STOPPED[stopped_by], is_worker(hydra))
    return monitored(folder, config)


def monitored(folder: Path, config: DictConfig) -> float | None:
    """Return the monitored validation metric of a finished run; None if it has none."""
    metric = OmegaConf.select(config, "monitor.metric")
    try:
        value = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))[metric]
    except (OSError, ValueError, KeyError):
        return None
    return float(value) if value is not None and math.isfinite(value) else None


def _attempt(
    script: Path, folder: Path, before: RunStatus | None, config: DictConfig
) -> signal.Signals | None:
    """Run the process and record its outcome; return the signal that stopped it, if any."""
    name = f"run {folder.name}"
    hydra = HydraConfig.get()
    overrides = list(hydra.overrides.task)
    resumed = before is not None and before.is_resumable and (folder / LAST_CHECKPOINT).exists()
    if not resumed:
        _clear(folder)
    command = [
        sys.executable, str(script), *config_flags(hydra), *overrides,
        *(item for item in hydra.overrides.hydra if not item.lstrip("+~").startswith(SWEEP_ONLY)),
        # Otherwise a search's config would make the run a sweep.
        "hydra.mode=RUN",
        as_override("hydra.run.dir", folder),
        *([as_override("ckpt_path", folder / LAST_CHECKPOINT)] if resumed else []),
    ]  # fmt: skip
    status = RunStatus(
        state=RUNNING,
        overrides=overrides,
        command=command,
        attempts=1 if before is None else before.attempts + 1,
        seconds=before.seconds if before is not None and resumed else 0.0,
    )
    write_status(folder, status)
    swept = _swept(hydra)
    begins = "resumes from its last checkpoint" if resumed else "starts"
    say(f"{name}: {begins}: {command_line(*swept) or 'as typed'}")
    started = time.monotonic()
    with signals_passed_on() as (received, pass_on_to):
        exit_code, tail = _run(
            command,
            Path(hydra.runtime.cwd),
            _environment(hydra, swept),
            folder / LOG,
            name,
            is_worker(hydra),
            pass_on_to,
        )
    state, reason = _outcome(folder, exit_code, tail, received)
    status = replace(
        status,
        state=state,
        reason=reason,
        exit_code=exit_code,
        seconds=status.seconds + time.monotonic() - started,
    )
    write_status(folder, status)
    took = f"{state} after {duration(status.seconds)}"
    say(f"{name}: {took}{_result(folder, config)}{f': {reason}' if reason else ''}")
    if not received:
        return None
    # Imported here because it takes a second, and this process mostly waits.
    from resumebert.sweeps.leaderboard import write_leaderboard

    write_leaderboard([Path(hydra.sweep.dir)])
    if not is_worker(hydra) or os.getppid() != PARENT:
        # Otherwise the sweep's process prints it.
        say(how_to_go_on(hydra.sweep.dir))
    return received[0]


def _environment(hydra: HydraConf, swept: list[str]) -> dict[str, str]:
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
    return environment


def _run(
    command: list[str],
    cwd: Path,
    environment: dict[str, str],
    log: Path,
    name: str,
    ends_with_parent: bool,
    pass_on_to: Callable[[subprocess.Popen[str]], None],
) -> tuple[int, list[str]]:
    """Run a command with its output in a log; return its exit code and last lines."""
    tail: deque[str] = deque(maxlen=200)
    with log.open("a", encoding="utf-8") as file:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            # Without its own session the run would get the terminal's Ctrl-C twice.
            start_new_session=True,
        )
        pass_on_to(process)
        assert process.stdin is not None
        assert process.stdout is not None
        reader = threading.Thread(target=_read, args=(process.stdout, file, tail, name))
        reader.start()
        exit_code = _wait(process, ends_with_parent)
        # Ends the processes that the run has started, such as the other ranks of DDP.
        process.stdin.close()
        reader.join()
    return exit_code, list(tail)


def _wait(process: subprocess.Popen[str], ends_with_parent: bool) -> int:
    """Wait for a run; interrupt it if the parent of this process ends."""
    is_interrupted = False
    while True:
        try:
            return process.wait(timeout=1 if ends_with_parent else None)
        except subprocess.TimeoutExpired:
            if os.getppid() != PARENT and not is_interrupted:
                is_interrupted = True
                os.kill(os.getpid(), signal.SIGTERM)


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


def _outcome(
    folder: Path, exit_code: int, tail: list[str], received: list[signal.Signals]
) -> tuple[str, str | None]:
    """Return the state of an ended attempt, and the reason for it."""
    if exit_code == 0 and (folder / "metrics.json").exists():
        return FINISHED, None
    if (folder / PRUNED_NOTE).exists():
        return PRUNED, json.loads((folder / PRUNED_NOTE).read_text(encoding="utf-8"))["reason"]
    if received or exit_code in STOPPED.values():
        return INTERRUPTED, "stopped from outside"
    return FAILED, reason_of(exit_code, tail)


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
    # Parsed, because a sweeper rewrites the settings that all runs share: false becomes False.
    shared = {
        f"{override.get_key_element()}={override.get_value_element_as_str()}"
        for override in OverridesParser.create().parse_overrides(typed)
        if not override.is_sweep_override()
    }
    return [
        item
        for item in hydra.overrides.task
        if item not in shared and not item.startswith("callbacks.pruning.")
    ]


def _result(folder: Path, config: DictConfig) -> str:
    value = monitored(folder, config)
    return "" if value is None else f", {config.monitor.metric} {value:.4f}"
