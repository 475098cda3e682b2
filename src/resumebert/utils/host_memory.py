"""How a process takes memory from the system."""

import ctypes
import platform

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
