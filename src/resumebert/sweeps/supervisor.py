"""Each run of a sweep in a process of its own, under whichever launcher.

Hydra stops a sweep at the first exception, and a run that the system kills would take the sweep
with it. So the function that Hydra launches for a run only starts ``python train.py`` with the
run's settings, waits for it, and writes down what became of it; it never fails itself. Such a run
is an ordinary one: its command can be repeated by hand, and under DDP its ranks repeat that command
and no sweep.
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
from resumebert.utils.console import duration
from resumebert.utils.settings import SWEPT, as_override, command_line, config_flags, given_keys

LOG = "train.log"
# Left by callbacks.pruning in a run that it has stopped.
PRUNED_NOTE = "pruned.json"
LAST_CHECKPOINT = Path("checkpoints") / "last.ckpt"
# Tells a run that its standard input ends when the sweep does.
IN_SWEEP = "RESUMEBERT_IN_SWEEP"
# Of a run that begins anew, so that nothing of its earlier attempt is taken for its own.
LEFTOVERS = ("metrics.json", PRUNED_NOTE, LOG, "checkpoints", "tensorboard", "csv")
# These make a sweep; a run is given none of them.
SWEEP_ONLY = ("hydra.sweep", "hydra/sweep", "hydra.launcher", "hydra/launcher", "hydra.mode",
              "hydra.run.")  # fmt: skip
Task = Callable[[DictConfig], Any]


def each_run_in_its_own_process(script: str) -> Callable[[Task], Task]:
    """Decorate an entry point, so that every run of a sweep is a process of ``script``."""

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
    """Do the run that Hydra has just launched, or nothing if it is done already.

    Returns:
        The validation metric of ``config.monitor``; None if the run did not reach one.
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
        say(f"{name}: another process is at it")
    # Of a job whose run was stopped, an end by exit would be an error in whoever waits for all.
    if stopped_by is not None and not is_job():
        leave(STOPPED[stopped_by], is_worker(hydra))
    return monitored(folder, config)


def monitored(folder: Path, config: DictConfig) -> float | None:
    """Return the monitored validation metric of a finished run; None where there is none."""
    metric = OmegaConf.select(config, "monitor.metric")
    try:
        value = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))[metric]
    except (OSError, ValueError, KeyError):
        return None
    return float(value) if value is not None and math.isfinite(value) else None


def _attempt(
    script: Path, folder: Path, before: RunStatus | None, config: DictConfig
) -> signal.Signals | None:
    """Run it as a process, and write down what became of it; return the signal that stopped it."""
    name = f"run {folder.name}"
    hydra = HydraConfig.get()
    overrides = list(hydra.overrides.task)
    resumed = before is not None and before.is_resumable and (folder / LAST_CHECKPOINT).exists()
    if not resumed:
        _clear(folder)
    command = [
        sys.executable, str(script), *config_flags(hydra), *overrides,
        *(item for item in hydra.overrides.hydra if not item.lstrip("+~").startswith(SWEEP_ONLY)),
        # A search's config would make it a sweep.
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
    begins = "goes on from its last checkpoint" if resumed else "starts"
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
    # It would take a second to import, of a process that mostly waits.
    from resumebert.sweeps.leaderboard import write_leaderboard

    write_leaderboard([Path(hydra.sweep.dir)])
    if not is_worker(hydra) or os.getppid() != PARENT:
        # Else the sweep's process says it.
        say(how_to_go_on(hydra.sweep.dir))
    return received[0]


def _environment(hydra: HydraConf, swept: list[str]) -> dict[str, str]:
    """Return the environment of a run's process."""
    environment = {
        **os.environ, IN_SWEEP: "1", SWEPT: " ".join(given_keys(swept)), "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    # joblib and Ray divide the cores themselves, by this variable.
    if threads := OmegaConf.select(hydra.launcher, "cpus_per_task"):
        environment.setdefault("OMP_NUM_THREADS", str(threads))
    # Lightning would take the job's tasks for the processes of the run, which is one task's.
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
    """Run a command, its output into a log; return its exit code and its last lines."""
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
            # A terminal's Ctrl-C comes once, by way of us.
            start_new_session=True,
        )
        pass_on_to(process)
        assert process.stdin is not None
        assert process.stdout is not None
        reader = threading.Thread(target=_read, args=(process.stdout, file, tail, name))
        reader.start()
        exit_code = _wait(process, ends_with_parent)
        # Ends what the run has started itself, such as the other ranks of DDP.
        process.stdin.close()
        reader.join()
    return exit_code, list(tail)


def _wait(process: subprocess.Popen[str], ends_with_parent: bool) -> int:
    """Wait for a run; interrupt it if this process's parent has ended."""
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
        # The run would wait for ever for a reader that had ended.
        try:
            if not is_full:
                log.write(line)
                log.flush()
        except OSError as error:
            is_full = True
            say(f"{name}: {LOG} can't be written ({error.strerror}), and ends here")
        tail.append(line.rstrip("\n"))
        if line.startswith("epoch "):
            say(f"{name}: {line.rstrip()}")


def _outcome(
    folder: Path, exit_code: int, tail: list[str], received: list[signal.Signals]
) -> tuple[str, str | None]:
    """Return state and reason of an attempt that has ended."""
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
    """Return the run's settings that differ from run to run."""
    written = Path(hydra.sweep.dir) / "multirun.yaml"
    typed = list(OmegaConf.load(written).hydra.overrides.task) if written.exists() else []
    # A sweeper writes what all runs share in its own way: false as False.
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
