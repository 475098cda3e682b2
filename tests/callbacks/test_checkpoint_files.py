import os
import random
import signal
import time

import pytest
import torch

from helpers import wait_until
from resumebert.callbacks.checkpoint_files import DurableCheckpointIO
from resumebert.utils.errors import UserError


def save_for_ever(path) -> None:
    """Save checkpoints whose tensors all say which one it is."""
    for number in range(1, 1_000_000):
        content = {"number": number, "weights": [torch.full((100_000,), float(number))] * 2}
        DurableCheckpointIO().save_checkpoint(content, path)


def test_a_process_killed_while_it_saves_leaves_a_whole_checkpoint(tmp_path):
    path = tmp_path / "last.ckpt"
    moments = random.Random(0)
    left_over = 0
    # Some have to be killed in the middle, else this tests nothing: how many, the machine decides.
    rounds = 0
    while rounds < 15 or not left_over:
        rounds += 1
        child = os.fork()
        if child == 0:
            save_for_ever(path)
        wait_until(path.exists)
        time.sleep(moments.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        content = torch.load(path, weights_only=True)
        assert all(bool((w == content["number"]).all()) for w in content["weights"])
        left_over += len(list(tmp_path.iterdir())) - 1
    # The next save clears up.
    DurableCheckpointIO().save_checkpoint({"number": 0}, path)
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path, monkeypatch):
    path = tmp_path / "checkpoints" / "last.ckpt"
    writer = DurableCheckpointIO()
    writer.save_checkpoint({"number": 1}, path)

    def no_space(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(UserError, match="No space left on device"):
        writer.save_checkpoint({"number": 2}, path)
    assert torch.load(path, weights_only=True) == {"number": 1}
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]
