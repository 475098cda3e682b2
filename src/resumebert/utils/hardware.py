"""What the machine has: accelerators, fast precisions, free memory."""

import ctypes
import math
import platform
from importlib.util import find_spec
from pathlib import Path

from resumebert.utils.errors import UserError

ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps", "tpu")
PRECISIONS = ("auto", "32-true", "16-mixed", "bf16-mixed", "bf16-true", "64-true")

# What a container may use, and what it uses: of control groups of version 2, and of version 1.
CGROUP_FILES = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)
# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def check_accelerator(accelerator: str) -> None:
    """Check that this machine has the accelerator that the config names."""
    if accelerator not in ACCELERATORS:
        raise UserError(
            f"trainer.accelerator={accelerator}: choose one of {', '.join(ACCELERATORS)}."
        )
    # Imported here, so that a wrong config value is reported before PyTorch is loaded.
    import torch

    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    found = {"gpu": cuda or mps, "cuda": cuda, "mps": mps, "tpu": find_spec("torch_xla")}
    if not found.get(accelerator, True):
        raise UserError(
            f"trainer.accelerator={accelerator}: PyTorch sees no such device on this machine. Use "
            "trainer.accelerator=auto or cpu, or install a build of PyTorch for the device."
        )


def resolve_precision(precision: str, accelerator: str) -> str:
    """Turn ``auto`` into bf16-mixed where the device computes in bfloat16, else 32-true."""
    if precision != "auto":
        return precision
    import torch

    is_fast = False
    if accelerator != "cpu" and torch.cuda.is_available():
        # Emulated bfloat16 on GPUs before Ampere is slower than float32.
        is_fast = torch.cuda.is_bf16_supported(including_emulation=False)
    elif accelerator in ("cpu", "auto") and not torch.backends.mps.is_available():
        capabilities = torch.cpu.get_capabilities()
        is_fast = any(map(capabilities.get, ("avx512_bf16", "amx_bf16")))
    return "bf16-mixed" if is_fast else "32-true"


def keep_freed_memory() -> bool:
    """Make glibc keep freed memory for the next step; return whether that worked.

    By default, glibc returns each large array to the system as soon as it is freed. The next step
    then gets new pages, which the kernel clears first: up to a third of a training step on a CPU.
    With this setting the process holds its peak memory until it ends. Other C libraries are not
    changed.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, -1))


def free_memory() -> float:
    """Return the bytes that machine and container leave; infinity if the system doesn't say."""
    try:
        # A line such as "MemAvailable:  21870840 kB".
        words = Path("/proc/meminfo").read_text().split()
        free = [1024 * float(words[words.index("MemAvailable:") + 1])]
        for names in CGROUP_FILES:
            limit, usage = (Path("/sys/fs/cgroup", name) for name in names)
            if limit.exists():
                # Without a limit the file holds "max", or a number larger than any memory.
                most = float(limit.read_text().replace("max", "inf"))
                free.append(most - float(usage.read_text()))
    except (OSError, ValueError):
        return math.inf
    return min(free)
