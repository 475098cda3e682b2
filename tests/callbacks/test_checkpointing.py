import os
import random
import signal
import time

import pytest
import torch

from helpers import wait_until
from resumebert.callbacks.checkpointing import BestCheckpoint, DurableCheckpointIO
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
            # OpenMP's threads are not forked with the process: work shared out to them never ends.
            torch.set_num_threads(1)
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


def test_a_damaged_checkpoint_is_not_read(tmp_path):
    path = tmp_path / "last.ckpt"
    DurableCheckpointIO().save_checkpoint({"weights": torch.ones(1000)}, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="does not match its digest"):
        DurableCheckpointIO().load_checkpoint(path)
    with pytest.raises(UserError, match="there is no such file"):
        DurableCheckpointIO().load_checkpoint(tmp_path / "no.ckpt")


def resumed(dirpath, state, last) -> BestCheckpoint:
    """Return a callback that goes on with ``state``, which came from the file ``last``."""
    callback = BestCheckpoint(dirpath=dirpath, filename="best", monitor="val/loss")
    callback._resumed_from, callback._is_first = last.parent, True
    callback.load_state_dict(state)
    return callback


def test_the_best_checkpoint_is_looked_for_by_its_name_alone(tmp_path):
    for folder in ("old", "new", "elsewhere"):
        (tmp_path / folder).mkdir()
    last, secret = tmp_path / "old" / "last.ckpt", tmp_path / "elsewhere" / "secret"
    secret.write_text("secret")
    state = {
        **{"dirpath": str(tmp_path / "new"), "best_model_path": str(secret)},
        **{"best_model_score": torch.tensor(0.5), "kth_best_model_path": str(secret)},
        **{"best_k_models": {str(secret): torch.tensor(0.5)}, "last_model_path": str(secret)},
        "kth_value": torch.tensor(0.5),
    }
    found = resumed(tmp_path / "new", state, last)
    assert (found.best_model_path, found.best_k_models, found.kth_best_model_path) == ("", {}, "")
    best = tmp_path / "old" / "best.ckpt"
    DurableCheckpointIO().save_checkpoint({"resumebert": {"format_version": 4}}, best)
    found = resumed(tmp_path / "new", state, last)
    target = tmp_path / "new" / "best.ckpt"
    assert found.best_model_path == str(target)
    assert list(found.best_k_models) == [str(target)]
    assert target.read_bytes() == best.read_bytes()
    best.write_bytes(best.read_bytes()[:-1])
    with pytest.raises(UserError, match="no digest"):
        resumed(tmp_path / "new", state, last)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["best.ckpt"]
