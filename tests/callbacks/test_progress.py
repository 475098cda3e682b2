import io
import json
from types import SimpleNamespace

import pytest
import torch
from rich.console import Console

from helpers import TINY_BERT
from resumebert.callbacks.progress import RunProgress
from resumebert.callbacks.throughput import PARTS, Throughput
from resumebert.data.batching import ResumableLoader
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.operations import step_operations
from resumebert.utils.console import duration
from resumebert.utils.progress import Phase, seconds_by_phase, showing


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


def run_steps(throughput, trainer, module, batch, steps=5):
    for step in range(steps):
        throughput.on_train_batch_start(trainer, module, batch, step)
        throughput.on_before_backward()
        throughput.on_after_backward()
        throughput.on_train_batch_end(trainer, module, None, batch, step)


@pytest.fixture
def batch():
    mask = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 0]])
    return {"attention_mask": mask, "index": torch.arange(2), "window_lengths": [4, 1]}


def test_throughput_counts_real_tokens_and_padding(batch):
    logged = {}
    module = SimpleNamespace(log_dict=lambda values, **_: logged.update(values))
    run_steps(Throughput(), fake_trainer(train_dataloader=None), module, batch)
    assert logged["throughput/real_token_share"] == 5 / 8
    ratio = logged["throughput/tokens_per_second"] / logged["throughput/documents_per_second"]
    assert ratio == pytest.approx(2.5)


def test_throughput_tells_what_the_time_goes_into(batch, tmp_path):
    class Slow(ResumableLoader):
        def __init__(self):
            pass

    loader = Slow()
    trainer = fake_trainer(
        train_dataloader=loader, precision="32-true", default_root_dir=tmp_path,
        is_global_zero=True,
    )  # fmt: skip
    model = ResumeClassifier(TINY_BERT, ["A", "B"])
    model.log_dict = lambda *_, **__: None
    throughput = Throughput()
    throughput.on_train_start(trainer, model)
    loader.waited = 1000.0
    run_steps(throughput, trainer, model, batch)
    throughput.on_train_end(trainer, model)
    found = json.loads((tmp_path / "throughput.json").read_text())
    assert found["seconds"].keys() == set(PARTS)
    assert found["seconds"]["data"] == 1000
    assert sum(found["seconds"].values()) == pytest.approx(found["seconds_in_steps"])
    assert 0.99 < found["waiting_share"] < 1
    done = 5 * step_operations(model.bert, [4, 1])
    expected = done / found["seconds_in_steps"] / found["peak_flops_per_second"]
    assert found["flops_utilisation"] == pytest.approx(expected)


def test_the_parts_of_a_command_are_timed():
    console = Console(file=io.StringIO())
    with showing(console):
        for what in ("training, epoch 1/2", "test"):
            with Phase(what) as phase, Phase("inside"):
                pass
            phase.what = "training, epoch 2/2"
        found = seconds_by_phase()
    assert list(found) == ["training", "test"]
    assert seconds_by_phase() == {}
