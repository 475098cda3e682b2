"""How a process takes memory from the system."""

import ctypes
import math
import platform
from pathlib import Path

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Have the C library keep what is freed, for the next step to take; return whether it does.

    As shipped, glibc gives each large array back to the system as soon as it is freed, and the
    next step is handed new pages that the kernel has to clear first: up to a third of a training
    step on a CPU. The process then holds its peak until it ends. Other C libraries are left alone.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, -1))


def free_memory() -> float:
    """Return the bytes that can still be taken: of the machine, and of a container's limit.

    Infinity where the system does not tell.
    """
    try:
        free = [_kibibytes(Path("/proc/meminfo"), "MemAvailable")]
        for limit, usage in (
            ("memory.max", "memory.current"),
            ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
        ):
            group = Path("/sys/fs/cgroup")
            if (group / limit).exists():
                # Where there is no limit: "max", or a number beyond any memory.
                most = float((group / limit).read_text().replace("max", "inf"))
                free.append(most - float((group / usage).read_text()))
    except (OSError, ValueError):
        return math.inf
    return min(free)


def _kibibytes(path: Path, name: str) -> float:
    """Return the bytes of a line such as ``MemAvailable:  21870840 kB``."""
    words = path.read_text().split()
    return 1024 * float(words[words.index(f"{name}:") + 1])
