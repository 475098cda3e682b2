"""How much memory a process takes, how much more the machine has for it, and how it is taken."""

import contextlib
import ctypes
import math
import platform
from pathlib import Path

from resumebert.utils.errors import UserError

# Of the memory that is free on a host; the rest is for what was not foreseen.
USABLE_SHARE = 0.8

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


class HostMemory:
    """How much memory this process takes, and how much more it could.

    Args:
        proc: where Linux tells it.
        cgroup: where Linux tells the limits of a container.

    Raises:
        UserError: the operating system has no ``/proc``.
    """

    def __init__(self, proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> None:
        self._process, self._meminfo, self._cgroup = proc / "self", proc / "meminfo", cgroup
        if not (self._process / "status").exists():
            raise UserError(
                "find.batch_size=true: this operating system does not tell what memory is free, "
                "and a process that takes more is killed. Give data.batch_size."
            )
        # Else the peak of reading the data would count; a kernel that can't is only more careful.
        with contextlib.suppress(OSError):
            (self._process / "clear_refs").write_text("5")
        self._at_first = self._taken("VmRSS")

    def has_room_for(self, times: float) -> bool:
        """Tell whether there is room for so many times what was taken at most since the start."""
        needed = times * (self._taken("VmHWM") - self._at_first)
        held = self._taken("VmRSS") - self._at_first
        return needed - held <= USABLE_SHARE * self.free()

    def free(self) -> float:
        """Return the bytes that can still be taken: of the machine, and of a container's limit."""
        return _free(self._meminfo, self._cgroup)

    def _taken(self, name: str) -> float:
        return _kibibytes(self._process / "status", name)


def free_memory() -> float:
    """Return the bytes that can still be taken, or infinity where the system does not tell."""
    try:
        return _free(Path("/proc/meminfo"), Path("/sys/fs/cgroup"))
    except (OSError, ValueError):
        return math.inf


def _free(meminfo: Path, cgroup: Path) -> float:
    free = [_kibibytes(meminfo, "MemAvailable")]
    for limit, usage in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        if (cgroup / limit).exists():
            # Where there is no limit: "max", or a number beyond any memory.
            most = float((cgroup / limit).read_text().replace("max", "inf"))
            free.append(most - float((cgroup / usage).read_text()))
    return min(free)


def _kibibytes(path: Path, name: str) -> float:
    """Return the bytes of a line such as ``MemAvailable:  21870840 kB``."""
    words = path.read_text().split()
    return 1024 * float(words[words.index(f"{name}:") + 1])
