"""Why a run ended."""

import pytest

from resumebert.sweeps.status import LONGEST, reason_of

TRACEBACK = [
    "Error executing job with overrides: ['optimizer.lr=1']",
    "Traceback (most recent call last):",
    '  File "x.py", line 1, in <module>',
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
    "Set the environment variable HYDRA_FULL_ERROR=1 for a complete stack trace.",
]


@pytest.mark.parametrize(
    ("exit_code", "lines", "reason"),
    [
        (1, ["epoch 1/3", "Error: the loss is no number.", ""], "the loss is no number."),
        (1, TRACEBACK, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."),
        (-9, TRACEBACK, "killed by SIGKILL, which the system does when memory runs out"),
        (-11, [], "killed by SIGSEGV"),
        (-200, [], "killed by signal 200"),
        (3, [], "exit code 3"),
        (3, ["something odd", ""], "exit code 3: something odd"),
        (0, ["all well"], "ended without metrics.json"),
    ],
)
def test_reasons(exit_code, lines, reason):
    assert reason_of(exit_code, lines) == reason


def test_an_endless_reason_is_cut():
    assert len(reason_of(1, ["Error: " + "long " * 1000])) == LONGEST
