import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from rich.console import Console

from helpers import QUICK, REPOSITORY
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.tokenization import TextTokenizer
from resumebert.model.classifier import ResumeClassifier
from resumebert.tasks import build
from resumebert.tasks.finders import LrSearch, find, search_batch_size, search_lr
from resumebert.utils.errors import UserError
from resumebert.utils.host_memory import HostMemory

Parts = tuple[DictConfig, ResumeClassifier, ResumeDataModule]
MIB = 2**20


@pytest.fixture
def parts(tmp_path, minilm_folder):
    """``parts("key=value", …)``: config, model and data module of a quick run, ready to train."""

    def make(*overrides: str) -> Parts:
        with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
            config = compose("train", [*QUICK, "trainer=cpu", *overrides, f"output_dir={tmp_path}"])
        build.quiet_libraries()
        build.seed_run(config.seed)
        tokenizer = TextTokenizer.from_folder(minilm_folder)
        datamodule = build.datamodule(config.data, tokenizer, shuffle_seed=config.seed)
        datamodule.setup()
        bert_config = build.bert_config(config, minilm_folder)
        return config, build.classifier(config, bert_config, minilm_folder, datamodule), datamodule

    return make


def found(parts: Parts, folder: Path) -> dict:
    config, model, datamodule = parts
    find(config, build.trainer(config), model, datamodule, Console(quiet=True))
    return json.loads((folder / "found.json").read_text())


def out_of_memory_above(size: int, monkeypatch) -> list[tuple[int, int]]:
    """Let a step on more documents fail; return what the steps had: documents, windows."""
    step = ResumeClassifier.training_step
    steps = []

    def training_step(self, batch, batch_index):
        steps.append((len(batch["index"]), len(batch["window_lengths"])))
        if len(batch["index"]) > size:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return step(self, batch, batch_index)

    monkeypatch.setattr(ResumeClassifier, "training_step", training_step)
    return steps


# --- learning rate --------------------------------------------------------------------------------


def curve(steps: int, noise: float) -> LrSearch:
    """A loss that falls fastest at 1e-3 and rises from 1e-2 on."""
    rates = np.geomspace(1e-6, 1e-1, steps)
    x = np.log10(rates)
    losses = 0.7 - 0.3 / (1 + np.exp(-4 * (x + 3))) + np.exp(6 * (x + 1.5))
    return LrSearch(rates, losses + np.random.default_rng(0).normal(0, noise, steps))


@pytest.mark.parametrize("steps", [20, 50, 100, 300])
def test_the_suggestion_is_where_the_loss_falls_fastest(steps):
    assert curve(steps, 0.0).suggestion == pytest.approx(1e-3, rel=0.4)
    assert 2e-4 < curve(steps, 0.02).suggestion < 5e-3


def test_the_suggestion_has_two_digits_and_needs_a_loss_that_falls():
    suggestion = curve(100, 0.01).suggestion
    assert suggestion == float(f"{suggestion:.1e}")
    rates = np.geomspace(1e-6, 1e-1, 30)
    assert LrSearch(rates, np.linspace(1, 2, 30)).suggestion is None


def test_smoothing_keeps_a_straight_line_but_for_its_ends():
    line = LrSearch(np.geomspace(1e-6, 1, 50), np.linspace(1, 2, 50))
    np.testing.assert_allclose(line.smoothed[5:-5], line.losses[5:-5])


def test_rates_rise_from_end_to_end_and_groups_keep_their_ratio(parts, monkeypatch):
    config, model, datamodule = parts("find.lr_steps=20", "find.lr_max=1e-4")
    rates = []
    step = torch.optim.AdamW.step

    def record(self, *arguments, **options):
        rates.append({group["name"]: group["lr"] for group in self.param_groups})
        return step(self, *arguments, **options)

    monkeypatch.setattr(torch.optim.AdamW, "step", record)
    search = search_lr(config, model, datamodule.train_dataloader())
    expected = np.geomspace(1e-6, 1e-4, 20)
    np.testing.assert_allclose(search.rates, expected)
    np.testing.assert_allclose([rate["encoder"] for rate in rates], expected)
    np.testing.assert_allclose([rate["head"] for rate in rates], 10 * expected)


def test_the_loss_is_the_mean_of_the_batches_of_a_step(parts):
    settings = (
        "find.lr_steps=20", "find.lr_min=1e-12", "find.lr_max=1e-11", "data.batch_size=9",
        "model.hidden_dropout=0", "trainer.precision=32-true",
    )  # fmt: skip
    one = search_lr(*with_loader(parts(*settings)))
    two = search_lr(*with_loader(parts(*settings, "trainer.accumulate_grad_batches=7")))
    # 63 documents: 7 batches of 9 are an epoch, and with no learning all epochs are alike. Means of
    # 7 float32 numbers, each the end of some 20 sums, are equal to about 20 * 2^-24.
    assert two.losses == pytest.approx(one.losses[:7].mean(), rel=1e-4)


def with_loader(parts: Parts):
    config, model, datamodule = parts
    assert len(datamodule.indices("train")) == 63
    return config, model, datamodule.train_dataloader()


def test_a_rate_that_diverges_ends_the_curve(parts):
    config, model, datamodule = parts("find.lr_max=1e4", "find.lr_steps=40")
    search = search_lr(config, model, datamodule.train_dataloader())
    assert 10 <= len(search.rates) < 40
    assert np.isfinite(search.losses).all()


def test_too_few_steps_before_it_diverges_is_a_users_error(parts):
    config, model, datamodule = parts("find.lr_min=1e3", "find.lr_max=1e6", "find.lr_steps=20")
    with pytest.raises(UserError, match=r"find\.lr_min=1000"):
        search_lr(config, model, datamodule.train_dataloader())


def test_what_is_found_is_used_and_written(parts, tmp_path):
    config, model, _ = made = parts("find.lr=true", "find.lr_steps=40", "optimizer.lr=123")
    lr = found(made, tmp_path)["optimizer.lr"]
    assert config.optimizer.lr == lr != 123
    assert model.optimizer_factory.keywords["lr"] == lr
    rows = list(csv.DictReader((tmp_path / "lr_finder.csv").open()))
    assert list(rows[0]) == ["lr", "loss", "smoothed_loss"]
    assert len(rows) <= 40


# --- batch size -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "overrides", "size", "limit"),
    [
        (20, (), 16, "32 would take more than the memory"),
        (20, ("data.batch_size=20",), 20, "40 would"),
        (5, ("data.batch_size=16",), 4, "8 would"),
        (99, ("find.max_batch_size=24",), 24, "find.max_batch_size"),
        (99, (), 63, "all of the training split"),
        (99, ("find.max_batch_size=4",), 8, "find.max_batch_size"),
    ],
)
def test_the_batch_is_doubled_as_far_as_it_fits(parts, monkeypatch, most, overrides, size, limit):
    config, model, datamodule = parts(*overrides)
    out_of_memory_above(most, monkeypatch)
    search = search_batch_size(config, model, datamodule, on_host=False)
    assert search.size == size
    assert limit in search.limit


def test_a_host_is_not_asked_for_memory_that_is_not_free(parts, monkeypatch):
    config, model, datamodule = parts()
    monkeypatch.setattr(HostMemory, "has_room_for", lambda self, times: datamodule.batch_size < 32)
    search = search_batch_size(config, model, datamodule, on_host=True)
    assert (search.size, search.limit) == (32, "63 would take more than the memory")


def test_steps_are_tried_on_the_longest_documents_with_windows_in_proportion(parts, monkeypatch):
    config, model, datamodule = parts("data.long_documents=windows", "data.max_windows_train=24")
    lengths = datamodule.tokens.lengths[datamodule.indices("train")]
    steps = out_of_memory_above(16, monkeypatch)
    search_batch_size(config, model, datamodule, on_host=False)
    assert steps == [(8, 24), (8, 24), (16, 48), (16, 48), (32, 96)]
    assert datamodule.train_dataloader().batch_sampler.shuffle
    loader = datamodule.train_dataloader()
    loader.batch_sampler.shuffle = False
    longest = {place.position for place in next(iter(loader.batch_sampler))}
    assert set(lengths[list(longest)]) == set(np.sort(lengths)[-len(longest) :])


def test_what_fits_is_used_and_written(parts, tmp_path, monkeypatch):
    made = parts("find.batch_size=true", "data.max_windows_train=null")
    config, _, datamodule = made
    out_of_memory_above(16, monkeypatch)
    assert found(made, tmp_path) == {"data.batch_size": 16, "data.max_windows_train": None}
    assert config.data.batch_size == datamodule.batch_size == 16
    assert config.data.max_windows_train is datamodule.windowing.max_windows_train is None


def test_a_single_document_that_does_not_fit_is_a_users_error(parts, monkeypatch):
    config, model, datamodule = parts()
    out_of_memory_above(0, monkeypatch)
    with pytest.raises(UserError, match=r"data\.max_windows_train"):
        search_batch_size(config, model, datamodule, on_host=False)


def test_another_error_is_not_taken_for_a_lack_of_memory(parts, monkeypatch):
    def training_step(self, batch, batch_index):
        raise RuntimeError("shapes can't be multiplied")

    config, model, datamodule = parts()
    monkeypatch.setattr(ResumeClassifier, "training_step", training_step)
    with pytest.raises(RuntimeError, match="shapes"):
        search_batch_size(config, model, datamodule, on_host=False)


def machine(folder: Path, taken: int, peak: int, available: int) -> tuple[Path, Path]:
    """Write a /proc and a /sys/fs/cgroup; sizes in MiB."""
    (folder / "proc" / "self").mkdir(parents=True, exist_ok=True)
    (folder / "cgroup").mkdir(exist_ok=True)
    (folder / "proc" / "self" / "status").write_text(
        f"Name:\tpython\nVmHWM:\t {peak * 1024} kB\nVmRSS:\t {taken * 1024} kB\n"
    )
    (folder / "proc" / "meminfo").write_text(f"MemAvailable:   {available * 1024} kB\n")
    return folder / "proc", folder / "cgroup"


def test_room_is_what_is_free_beside_what_is_held(tmp_path):
    memory = HostMemory(*machine(tmp_path, taken=100, peak=100, available=1000))
    machine(tmp_path, taken=200, peak=500, available=1000)
    # 400 were taken at most. Of twice that, 800, there are 100 still held; of 1000 free 800 count.
    assert memory.has_room_for(2)
    assert memory.has_room_for(2.25)
    assert not memory.has_room_for(2.26)


@pytest.mark.parametrize(
    ("files", "free"),
    [
        ({}, 1000),
        ({"memory.max": f"{600 * MIB}\n", "memory.current": f"{200 * MIB}\n"}, 400),
        ({"memory.max": "max\n", "memory.current": f"{200 * MIB}\n"}, 1000),
        (
            {
                "memory/memory.limit_in_bytes": f"{600 * MIB}\n",
                "memory/memory.usage_in_bytes": f"{500 * MIB}\n",
            },
            100,
        ),
    ],
)
def test_a_containers_limit_counts(tmp_path, files, free):
    proc, cgroup = machine(tmp_path, taken=1, peak=1, available=1000)
    for name, content in files.items():
        (cgroup / name).parent.mkdir(exist_ok=True)
        (cgroup / name).write_text(content)
    assert HostMemory(proc, cgroup).free() == free * MIB


def test_a_system_that_does_not_tell_its_memory_is_a_users_error(tmp_path):
    with pytest.raises(UserError, match=r"data\.batch_size"):
        HostMemory(tmp_path)


# --- both -----------------------------------------------------------------------------------------


def test_the_run_is_left_as_it_was(parts, tmp_path):
    _, model, datamodule = made = parts("find.lr=true", "find.lr_steps=40", "find.batch_size=true")
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state(), np.random.get_state()[1].copy()
    assert found(made, tmp_path)["data.batch_size"] == 63
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state[0])
    assert (np.random.get_state()[1] == state[1]).all()
    assert model._trainer is None
    assert datamodule.trainer is None
    assert all(parameter.grad is None for parameter in model.parameters())
    assert {path.name for path in tmp_path.iterdir()} == {"found.json", "lr_finder.csv"}


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (("ckpt_path=last.ckpt",), "ckpt_path"),
        (("trainer.devices=2",), r"trainer\.devices=1"),
        (("find.lr_min=1e-1", "find.lr_max=1e-1"), r"find\.lr_min=0\.1"),
        (("find.lr_max=2e-6", "find.lr_steps=20"), "the loss fell at no rate"),
    ],
)
def test_what_does_not_go_with_a_search_is_a_users_error(parts, tmp_path, overrides, words):
    made = parts("find.lr=true", *overrides)
    if words == "the loss fell at no rate":
        made[1].loss = lambda logits, targets: 0 * logits.sum() + rising()
    with pytest.raises(UserError, match=words):
        found(made, tmp_path)


def rising(counter=iter(range(1000))) -> float:  # noqa: B008
    return 1 + next(counter) / 1000


def test_nothing_asked_for_nothing_done(parts, tmp_path):
    config, model, datamodule = parts()
    find(config, build.trainer(config), model, datamodule, Console(quiet=True))
    assert not list(tmp_path.iterdir())
