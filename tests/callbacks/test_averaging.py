import json
from functools import partial
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader

from helpers import TINY_BERT
from resumebert.callbacks.averaging import AveragedWeights, equal, exponential
from resumebert.data.batching import Batch
from resumebert.evaluation.metrics import multilabel_decisions, multilabel_metrics
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.optimization import adamw
from resumebert.model.schedules import constant_schedule
from resumebert.utils.errors import UserError

STEPS_AN_EPOCH = 6
EMA = partial(exponential, decay=0.8)
SWA = partial(equal, start=0.75)
Weights = dict[str, torch.Tensor]


def batches(seed: int) -> DataLoader[Batch]:
    generator = torch.Generator().manual_seed(seed)
    drawn: list[Batch] = [
        {
            "input_ids": torch.randint(5, 30000, (4, 8), generator=generator),
            "attention_mask": torch.ones(4, 8, dtype=torch.int64),
            "window_document": torch.arange(4),
            "window_lengths": [8] * 4,
            "weight": 1.0,
            "labels": torch.randint(0, 2, (4, 2), generator=generator).float(),
            "index": torch.arange(4 * step, 4 * step + 4),
        }
        for step in range(STEPS_AN_EPOCH)
    ]
    return DataLoader(drawn, batch_size=None)


def new_model() -> ResumeClassifier:
    torch.manual_seed(0)
    dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return ResumeClassifier(
        TINY_BERT | dropout,
        ["A", "B"],
        optimizer=partial(adamw, lr=1e-2),
        scheduler=partial(constant_schedule, warmup=0),
        metrics=multilabel_metrics,
        train_metrics=multilabel_decisions,
    )


def weights_of(model: torch.nn.Module) -> Weights:
    return {name: value.detach().clone() for name, value in model.named_parameters()}


def checkpoint(path: Path) -> dict:
    return torch.load(path, weights_only=True)


class Watch(Callback):
    """Note the weights that each step leaves, and those that each validation is of."""

    def __init__(self) -> None:
        self.trained: list[Weights] = []
        self.validated: list[Weights] = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.trained.append(weights_of(pl_module))

    def on_validation_batch_start(self, trainer, pl_module, batch, batch_idx):
        if batch_idx == 0:
            self.validated.append(weights_of(pl_module))


def fit(folder, *callbacks: Callback, epochs: int = 2, ckpt_path=None, **settings):
    """Train; best.ckpt is of the last epoch here, and every epoch has a full checkpoint."""
    model, watch = new_model(), Watch()
    best = ModelCheckpoint(
        folder, "best", monitor="step", mode="max", save_weights_only=True,
        enable_version_counter=False,
    )  # fmt: skip
    each = ModelCheckpoint(folder, "{epoch}", save_top_k=-1)
    trainer = Trainer(
        accelerator="cpu", max_epochs=epochs, logger=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, gradient_clip_val=1.0,
        callbacks=[*callbacks, watch, best, each], **settings,
    )  # fmt: skip
    trainer.fit(model, batches(0), batches(1), ckpt_path=ckpt_path, weights_only=True)
    return trainer, model, watch


def by_hand(trained: list[Weights], shares: list[float]) -> Weights:
    """Σ share · weights, in float64."""
    return {
        name: sum(share * step[name].double() for share, step in zip(shares, trained, strict=True))
        for name in trained[0]
    }


def ema_shares(steps: int, decay: float) -> list[float]:
    shares = [1.0]
    for count in range(1, steps):
        d = min(decay, (1 + count) / (10 + count))
        shares = [d * share for share in shares] + [1 - d]
    return shares


def swa_shares(steps: int, total: int) -> list[float]:
    begin = round(0.75 * total)
    if steps <= begin:
        return [0.0] * (steps - 1) + [1.0]
    return [0.0] * begin + [1 / (steps - begin)] * (steps - begin)


def assert_close(left: Weights, right: Weights) -> None:
    for name, value in right.items():
        torch.testing.assert_close(left[name].double(), value.double(), atol=1e-6, rtol=1e-5)


def assert_same(left: Weights, right: Weights) -> None:
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in right)


@pytest.mark.parametrize("rule", [EMA, SWA])
def test_validation_checkpoint_and_final_weights_are_the_average_by_hand(tmp_path, rule):
    _, model, watch = fit(tmp_path, AveragedWeights(rule))
    total = 2 * STEPS_AN_EPOCH
    for epoch, validated in enumerate(watch.validated, 1):
        steps = epoch * STEPS_AN_EPOCH
        shares = ema_shares(steps, 0.8) if rule is EMA else swa_shares(steps, total)
        assert sum(shares) == pytest.approx(1)
        average = by_hand(watch.trained[:steps], shares)
        assert_close(validated, average)
        assert_close(checkpoint(tmp_path / f"epoch={epoch - 1}.ckpt")["state_dict"], average)
    assert_close(checkpoint(tmp_path / "best.ckpt")["state_dict"], average)
    assert_close(weights_of(model), average)
    assert not torch.equal(
        model.bert.classifier.weight, watch.trained[-1]["bert.classifier.weight"]
    )


@pytest.mark.parametrize("rule", [EMA, SWA])
def test_training_itself_is_not_changed(tmp_path, rule):
    plain, _, without = fit(tmp_path / "plain")
    averaging, _, watch = fit(tmp_path / "averaging", AveragedWeights(rule))
    for left, right in zip(watch.trained, without.trained, strict=True):
        assert_same(left, right)
    for name in ("train/f1_micro", "train/f1_macro", "train/loss"):
        assert averaging.callback_metrics[name] == plain.callback_metrics[name]
    last = checkpoint(tmp_path / "averaging" / "epoch=1.ckpt")["current_model_state"]
    assert_same(last, checkpoint(tmp_path / "plain" / "epoch=1.ckpt")["state_dict"])


@pytest.mark.parametrize("rule", [EMA, SWA])
def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path, rule):
    _, whole, _ = fit(tmp_path / "whole", AveragedWeights(rule), epochs=4)
    interrupted = tmp_path / "whole" / "epoch=2.ckpt"
    _, resumed, watch = fit(
        tmp_path / "resumed", AveragedWeights(rule), epochs=4, ckpt_path=interrupted
    )
    assert len(watch.trained) == STEPS_AN_EPOCH
    assert_same(weights_of(resumed), weights_of(whole))


def test_a_checkpoint_without_an_average_can_be_resumed_with_one(tmp_path, recwarn):
    fit(tmp_path / "plain", epochs=1)
    start = tmp_path / "plain" / "epoch=0.ckpt"
    _, model, watch = fit(tmp_path / "resumed", AveragedWeights(EMA), ckpt_path=start)
    assert_close(weights_of(model), by_hand(watch.trained, ema_shares(STEPS_AN_EPOCH, 0.8)))


def test_buffers_are_the_models(tmp_path):
    _, model, _ = fit(tmp_path, AveragedWeights(EMA), epochs=5)
    positions = TINY_BERT["max_position_embeddings"]
    assert model.bert.bert.embeddings.position_ids.tolist() == [list(range(positions))]


def test_a_diverged_loss_is_seen_though_the_average_is_validated(tmp_path):
    class Spoil(Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            if batch_idx == STEPS_AN_EPOCH - 2:
                with torch.no_grad():
                    pl_module.bert.classifier.bias.fill_(float("nan"))

    with pytest.raises(UserError, match="infinite or NaN"):
        fit(tmp_path, Spoil(), AveragedWeights(EMA), log_every_n_steps=50)


def test_what_is_validated_and_tested_later_is_the_checkpoint_given(tmp_path, recwarn):
    trainer, model, watch = fit(tmp_path, AveragedWeights(SWA))
    first = tmp_path / "epoch=0.ckpt"
    recwarn.clear()
    trainer.validate(model, batches(1), ckpt_path=first, weights_only=True, verbose=False)
    kept = {k: v for k, v in checkpoint(first)["state_dict"].items() if k in watch.validated[-1]}
    assert_same(watch.validated[-1], kept)
    trainer.test(model, batches(1), verbose=False)
    assert_same(weights_of(model), kept)
    assert not [warning for warning in recwarn if "WeightAveraging" in str(warning.message)]


def test_checkpoints_differ_in_the_weights_alone(tmp_path):
    fit(tmp_path / "plain")
    fit(tmp_path / "averaging", AveragedWeights(EMA))
    left, right = (checkpoint(tmp_path / name / "best.ckpt") for name in ("plain", "averaging"))
    assert left.keys() == right.keys()
    assert left["state_dict"].keys() == right["state_dict"].keys()
    assert json.dumps(left["hyper_parameters"]) == json.dumps(right["hyper_parameters"])


def test_half_precision_weights_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"trainer\.precision=bf16-true"):
        fit(tmp_path, AveragedWeights(EMA), precision="bf16-true")
