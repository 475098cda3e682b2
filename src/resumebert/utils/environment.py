"""environment.json: versions, hardware and command line of a run."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

import resumebert

PACKAGES = (
    "torch", "lightning", "transformers", "tokenizers", "torchmetrics", "hydra-core", "omegaconf",
    "numpy", "pandas", "pyarrow", "scikit-learn", "tensorboard",
)  # fmt: skip


def environment() -> dict[str, Any]:
    """Return versions, hardware, git commit and command line as plain Python."""
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "working_directory": str(Path.cwd()),
        "resumebert": resumebert.__version__,
        "git": _git_state(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "cpu": {"count": os.cpu_count(), "threads": torch.get_num_threads()},
        "gpus": [torch.cuda.get_device_name(number) for number in range(gpus)],
    }


def _git_state() -> dict[str, Any] | None:
    """Return the commit and whether there are uncommitted changes; None outside a checkout."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        commit, changes = (
            subprocess.run([*git, *arguments], capture_output=True, check=True, timeout=10).stdout
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain"])
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit.decode().strip(), "dirty": bool(changes.strip())}
