import platform
import subprocess
import sys

import pytest

STEPS = """
import sys, numpy, resource
from resumebert.utils.hardware import keep_freed_memory
if "keep" in sys.argv:
    assert keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
numpy.ones(2**24)
before = faults()
for _ in range(10):
    numpy.ones(2**24)
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc")
def test_freed_memory_is_taken_again_without_asking_the_system():
    def page_faults(*arguments: str) -> int:
        command = [sys.executable, "-c", STEPS, *arguments]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    assert page_faults("keep") < page_faults() / 10
