from types import SimpleNamespace

import pytest
import torch

from resumebert.callbacks.progress import RunProgress
from resumebert.callbacks.throughput import Throughput
from resumebert.utils.console import duration


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0:00"), (59.6, "1:00"), (75, "1:15"), (3725, "1:02:05")]
)
def test_durations(seconds, words):
    assert duration(seconds) == words


def fake_trainer(**attributes) -> SimpleNamespace:
    return SimpleNamespace(
        **{
            "global_step": 0,
            "current_epoch": 0,
            "max_epochs": 2,
            "estimated_stepping_batches": 10,
            "log_every_n_steps": 5,
            "num_training_batches": 10,
            "world_size": 1,
            "callback_metrics": {"train/loss": torch.tensor(0.5), "val/f1_micro": 0.75},
            "callbacks": [],
            **attributes,
        }
    )


def test_where_output_is_no_terminal_lines_are_printed(capsys):
    progress = RunProgress(seconds_between_lines=0.0)
    throughput = Throughput()
    throughput.tokens_per_second = 1234.5
    trainer = fake_trainer(callbacks=[throughput])
    progress.on_train_start(trainer, None)
    trainer.global_step = 4
    progress.on_train_batch_end(trainer, None, None, None, 3)
    progress.on_train_end(trainer, None)
    line = capsys.readouterr().out
    for words in (
        "training, epoch 1/2",
        "4/10 steps",
        "loss 0.500",
        "val F1 0.750",
        "1,234 tokens/s",
        "left",
    ):
        assert words in line
    progress.disable()
    progress.on_train_batch_end(trainer, None, None, None, 4)
    assert capsys.readouterr().out == ""


def test_throughput_counts_real_tokens_and_padding():
    logged = {}
    module = SimpleNamespace(log_dict=lambda values, **_: logged.update(values))
    throughput = Throughput()
    mask = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 0]])
    batch = {"attention_mask": mask, "index": torch.arange(2)}
    for step in range(5):
        throughput.on_train_batch_start(fake_trainer(), module, batch, step)
        throughput.on_train_batch_end(fake_trainer(), module, None, batch, step)
    assert logged["throughput/real_token_share"] == 5 / 8
    ratio = logged["throughput/tokens_per_second"] / logged["throughput/documents_per_second"]
    assert ratio == pytest.approx(2.5)
