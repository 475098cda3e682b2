"""ResumeClassifier: BertForSequenceClassification as a LightningModule for multi-label data."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertForSequenceClassification

from resumebert.data.batching import Batch
from resumebert.model.divergence import Divergence
from resumebert.model.dropout import use_fast_dropout
from resumebert.model.layers import FUSED, training_kernel
from resumebert.model.lora import merge_factors, scaling
from resumebert.model.losses import Loss, binary_cross_entropy
from resumebert.model.packing import PACKED, can_pack, packed_features
from resumebert.model.pooling import POOLING_NAMES, SCORED_POOLINGS, Pooling, pooled
from resumebert.model.schedules import PlateauSchedule, Schedule
from resumebert.model.scores import Scores, SplitScores
from resumebert.utils.errors import UserError
from resumebert.utils.floats import to_probabilities

OptimizerFactory = Callable[[torch.nn.Module], torch.optim.Optimizer]
SchedulerFactory = Callable[[torch.optim.Optimizer, int], Schedule]
# (n, L) probabilities, (n, L) targets and L names → values by name, nan where undefined.
Metrics = Callable[[Tensor, Tensor, Sequence[str]], dict[str, float]]

# A processor's cache holds the activations of so many tokens (docs/performance.md); a GPU is not
# busy with so few.
CPU_TOKENS, GPU_TOKENS = 4096, 16_384
# Metrics of each label in training would crowd TensorBoard; validation has them.
TRAIN_METRICS = ("f1_micro", "f1_macro", "precision_micro", "recall_micro", "subset_accuracy")


class ResumeClassifier(LightningModule):
    """Score every label of a résumé: one logit a label, independent of the others.

    Args:
        bert_config: a BERT ``config.json`` as plain Python.
        label_names: L names, in the order of the logits.
        pooling: how the logits of windows become those of a document: one of
            :data:`resumebert.model.pooling.POOLING_NAMES`, or a function of your own like those.
        loss: a function of logits and targets, both (B, L).
        optimizer: makes the optimizer of a model; only used in training.
        scheduler: makes the schedule of an optimizer and a number of steps; None: constant rate.
        metrics: computes the metrics of a split to log beside the loss, of the plain sigmoid at a
            threshold of 0.5, such as :func:`resumebert.multilabel_metrics`; None: none.
        train_metrics: the same for an epoch's training batches; five of the metrics are logged.
        chunk_tokens: windows go through the encoder in chunks of at most this many tokens,
            including padding, so that no document is too long for the memory in evaluation; None:
            as many as suit the device.

    A checkpoint holds the first three as hyper-parameters, so that
    ``ResumeClassifier.load_from_checkpoint(path)`` gives a model that scores.
    """

    def __init__(
        self,
        bert_config: dict[str, Any],
        label_names: Sequence[str],
        pooling: str | Pooling = "max",
        loss: Loss = binary_cross_entropy,
        optimizer: OptimizerFactory | None = None,
        scheduler: SchedulerFactory | None = None,
        metrics: Metrics | None = None,
        train_metrics: Metrics | None = None,
        chunk_tokens: int | None = None,
    ) -> None:
        super().__init__()
        self.label_names = list(label_names)
        if isinstance(pooling, str):
            if pooling not in POOLING_NAMES:
                raise UserError(
                    f"pooling={pooling}: must be one of {', '.join(POOLING_NAMES)}, or a function."
                )
            self.pooling_name = pooling
        else:
            self.pooling_name = f"{pooling.__module__}.{pooling.__qualname__}"
        self.pooling_used = pooling
        # Plain Python only: torch.load(weights_only=True) must open the checkpoint.
        plain = {"bert_config": bert_config, "label_names": self.label_names}
        self.save_hyperparameters({**plain, "pooling": self.pooling_name}, logger=False)
        self.loss = loss
        self.optimizer_factory = optimizer
        self.scheduler_factory = scheduler
        self.metrics = metrics
        self.train_metrics = train_metrics
        self.chunk_tokens = chunk_tokens
        labels = len(self.label_names)
        problem = "multi_label_classification"
        self.bert = BertForSequenceClassification(
            BertConfig(**bert_config, num_labels=labels, problem_type=problem)
        )
        use_fast_dropout(self.bert)
        self.bert.set_attn_implementation(FUSED)
        self.attention_kernel = FUSED
        if pooling in SCORED_POOLINGS:
            self.pooling = nn.Linear(bert_config["hidden_size"], labels, bias=False)
            # Attention begins as the mean, and gated pooling as the maximum.
            nn.init.zeros_(self.pooling.weight)
        self.split_scores = {split: SplitScores(labels) for split in ("train", "val", "test")}
        # The metrics and the documents' scores of the last pass over each split, and its step.
        self.results: dict[str, dict[str, float]] = {}
        self.scores: dict[str, Scores] = {}
        self.scored_at: dict[str, int] = {}
        # Steps and epochs before the epoch in which a resumed run continues; None: a new run.
        self.resumed_epoch: tuple[int, int] | None = None
        # The settings of each group of the optimizer before the first step.
        self.group_settings: list[dict[str, Any]] = []
        self.divergence = Divergence()
        self.checkpoint_extras: dict[str, Any] = {}

    @property
    def heads(self) -> nn.ModuleList:
        """What makes logits, and scores for the pooling, of a window's features."""
        pooling = [self.pooling] if self.pooling_name in SCORED_POOLINGS else []
        return nn.ModuleList([self.bert.classifier, *pooling])

    def start_from_prevalences(self, prevalences: Tensor) -> None:
        """Set the head's biases so that the untrained model predicts each label's prevalence.

        Then the first training steps need not learn how rare labels are (Lin et al., "Focal loss
        for dense object detection", 2017, section 4.1). ``prevalences`` (L,) are the share of the
        training documents with each label; they are clipped to [0.001, 0.999].
        """
        with torch.no_grad():
            self.bert.classifier.bias.copy_(torch.logit(prevalences, eps=1e-3))

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        window_document: Tensor | None = None,
        window_lengths: Sequence[int] | None = None,
        documents: int | None = None,
    ) -> Tensor:
        """Return the logits (B, L) of B documents in W tokenised windows of T tokens.

        Args:
            input_ids: (W, T) token ids.
            attention_mask: (W, T), 1 where there is a token; tokens first, then padding.
            window_document: (W,) int64, the document of each window; None: one document each.
            window_lengths: number of tokens of each window, longest first; None: T each.
            documents: B; None: W.
        """
        if window_document is None or documents is None:
            window_document = torch.arange(len(input_ids), device=input_ids.device)
            documents = len(input_ids)
        logits, scores = self.score_windows(input_ids, attention_mask, window_lengths)
        return self.pool(logits, scores, window_document, documents)

    def score_windows(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        window_lengths: Sequence[int] | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the logits (W, L) of each window, and its scores; arguments as for forward.

        The scores (W, L) are what ``pooling="attention"`` and ``pooling="gated"`` pool by; None of
        others.
        """
        lengths = window_lengths or [input_ids.shape[1]] * len(input_ids)
        self._choose_attention(len(lengths), max(lengths), window_lengths is not None)
        # Only a call of the module uses the compiled code of model.compile, a call of its method
        # does not: evaluation is the same with and without, and needs no compiler.
        encoder = self.bert.bert if self.training else self.bert.bert.forward
        parts = []
        tokens = self.chunk_tokens or (CPU_TOKENS if self.device.type == "cpu" else GPU_TOKENS)
        for rows, width in chunks_of_windows(lengths, tokens):
            ids, mask = input_ids[rows, :width], attention_mask[rows, :width]
            if self.attention_kernel == PACKED:
                pooled = packed_features(encoder, self.bert.bert.pooler, ids, lengths[rows])
            else:
                pooled = encoder(input_ids=ids, attention_mask=mask).pooler_output
            parts.append(self.bert.dropout(pooled))
        # Of a model in bfloat16 the heads may still be in float32.
        features = torch.cat(parts).to(self.bert.classifier.weight.dtype)
        # Half precision is too coarse for pooling, which sums exponentials.
        logits = self.bert.classifier(features).to(torch.promote_types(features.dtype, torch.float))
        if self.pooling_name not in SCORED_POOLINGS:
            return logits, None
        return logits, self.pooling(features).to(logits.dtype)

    def pool(
        self, logits: Tensor, scores: Tensor | None, window_document: Tensor, documents: int
    ) -> Tensor:
        """Return the logits (B, L) of documents from those of their windows."""
        return pooled(self.pooling_used, logits, scores, window_document, documents)

    def _choose_attention(self, windows: int, tokens: int, knows_lengths: bool) -> None:
        kernel = FUSED
        if knows_lengths and can_pack(self.bert.config, self.device, training=self.training):
            kernel = PACKED
        elif self.training:
            kernel = training_kernel(self.bert.config, self.device, windows, tokens)
        if kernel != self.attention_kernel:
            self.bert.set_attn_implementation(kernel)
            self.attention_kernel = kernel

    def _score(self, batch: Batch) -> Tensor:
        return self(
            batch["input_ids"],
            batch["attention_mask"],
            batch["window_document"],
            batch["window_lengths"],
            len(batch["index"]),
        )

    def _collect(self, split: str, batch: Batch) -> Tensor:
        """Return the logits of a batch, and keep them for the metrics of the split."""
        logits = self._score(batch)
        self.split_scores[split].update(batch["index"], logits, batch["labels"])
        return logits

    def on_fit_start(self) -> None:
        """Let each process draw its own dropout; for equal weights all had the same seed."""
        if self.global_rank > 0:
            torch.manual_seed(torch.initial_seed() + self.global_rank)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Return the loss of a batch."""
        logits = self._collect("train", batch)
        # So weighted, the mean over processes, which the strategy computes of the gradients, is the
        # mean over all documents. The weight is exactly 1 on one process.
        loss = self.loss(logits, batch["labels"]) * batch["weight"]
        self.divergence.note(batch["index"], loss)
        # Not at each step, because it waits for the GPU.
        every = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if batch_index % every == 0:
            self.divergence.check(self.trainer)
        self.log("train/loss", loss, batch_size=len(logits), sync_dist=True)
        return loss

    def on_train_epoch_end(self) -> None:
        """Log the metrics of the epoch's training batches, from their scores during training."""
        found = self._computed(self.train_metrics, self.split_scores["train"].compute())
        self.split_scores["train"].reset()
        self.log_dict({f"train/{name}": found[name] for name in TRAIN_METRICS if name in found})

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Score a batch of the validation split."""
        self._collect("val", batch)

    def on_validation_epoch_start(self) -> None:
        """Stop before a validation if the training has diverged."""
        self.divergence.check(self.trainer)

    def on_validation_epoch_end(self) -> None:
        """Log every validation metric that is defined."""
        self._finish_split("val")
        if self.trainer.state.fn == "fit" and not self.trainer.sanity_checking:
            self._step_plateau_schedules()

    def test_step(self, batch: Batch, batch_index: int) -> None:
        """Score a batch of the test split."""
        self._collect("test", batch)

    def on_test_epoch_end(self) -> None:
        """Log every test metric that is defined."""
        self._finish_split("test")

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Make optimizer and schedule; the schedule is stepped every optimizer step."""
        if self.optimizer_factory is None:
            raise RuntimeError("a ResumeClassifier without an optimizer can't be trained")
        optimizer = self.optimizer_factory(self)
        made: Schedule = []
        if self.scheduler_factory is not None:
            made = self.scheduler_factory(optimizer, self.total_steps)
        self.group_settings = [
            {key: value for key, value in group.items() if key != "params"}
            for group in optimizer.param_groups
        ]
        configs: list[dict[str, Any]] = []
        for schedule in made if isinstance(made, list) else [made]:
            how: dict[str, Any] = {"interval": "step"}
            if isinstance(schedule, PlateauSchedule):
                how = {"interval": "epoch", "monitor": schedule.monitor, "name": "lr-plateau"}
            configs.append({"scheduler": schedule, **how})
        # Lightning accepts dictionaries, though its type hints name a class.
        return [optimizer], configs  # type: ignore[return-value]

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the whole run, including those before it was resumed."""
        trainer = self.trainer
        if self.resumed_epoch is None:
            return int(trainer.estimated_stepping_batches)
        steps, epochs = self.resumed_epoch
        assert trainer.max_epochs is not None
        trainer.fit_loop.setup_data()
        of_epoch = math.ceil(trainer.num_training_batches / trainer.accumulate_grad_batches)
        total = steps + of_epoch * (trainer.max_epochs - epochs)
        return total if trainer.max_steps == -1 else min(total, trainer.max_steps)

    def lr_scheduler_step(self, scheduler: Any, metric: Any) -> None:
        """Step a schedule, except a PlateauSchedule, which the validation has stepped."""
        if not isinstance(scheduler, PlateauSchedule):
            super().lr_scheduler_step(scheduler, metric)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradients' norm, or each gradient, by ``trainer.gradient_clip_val``."""
        if self.trainer.precision == "16-mixed":
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
        elif gradient_clip_val:
            # Lightning refuses to clip for a fused optimizer in every mixed precision. But only in
            # float16 are gradients scaled, and unscaled by a fused step after the clipping.
            is_norm = gradient_clip_algorithm != "value"
            clip = nn.utils.clip_grad_norm_ if is_norm else nn.utils.clip_grad_value_
            clip(self.parameters(), gradient_clip_val)

    def predict_step(self, batch: Batch, batch_index: int) -> dict[str, Tensor]:
        """Return ``index`` (B,), documents' positions in the table, and their ``logits`` (B, L).

        For calibration and thresholds, see :class:`resumebert.ResumeLabeler`.
        """
        return {"index": batch["index"], "logits": self._score(batch)}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what is needed to use the model; see :mod:`resumebert.model.checkpoint`.

        Raises:
            UserError: the training has diverged, so that the weights are of no use.
        """
        if self._trainer is not None and self.trainer.training:
            # A step may spoil the weights though the loss before it was finite.
            self.divergence.check(self.trainer, self.parameters())
        checkpoint.update(self.checkpoint_extras)
        # Resuming a run needs LoRA's factors. Using a model must not need peft.
        if "optimizer_states" not in checkpoint:
            checkpoint["state_dict"] = merge_factors(checkpoint["state_dict"], scaling(self))

    def _computed(self, metrics: Metrics | None, scores: Scores) -> dict[str, float]:
        if metrics is None:
            return {}
        return metrics(to_probabilities(scores.logits), scores.targets, self.label_names)

    def _finish_split(self, split: str) -> None:
        scores = self.split_scores[split].compute()
        self.split_scores[split].reset()
        if not scores.logits.isfinite().all():
            raise UserError(
                f"The model's scores of {split} documents are NaN or infinite. Its weights are too "
                "large: use another checkpoint, or trainer.precision=32-true if it was lower."
            )
        values = self._computed(self.metrics, scores)
        # The loss of all documents at once does not depend on the batches.
        of_all = float(self.loss(scores.logits, scores.targets)) if len(scores.index) else math.nan
        values["loss"] = of_all
        self.results[split] = values
        self.scores[split] = scores
        self.scored_at[split] = self.trainer.global_step
        self.log_dict({f"{split}/{name}": v for name, v in values.items() if math.isfinite(v)})

    def _step_plateau_schedules(self) -> None:
        # Lightning would step them after last.ckpt is saved, and a resumed run would miss the step.
        for config in self.trainer.lr_scheduler_configs:
            if isinstance(config.scheduler, PlateauSchedule):
                split, _, metric = config.scheduler.monitor.partition("/")
                config.scheduler.step(self.results[split][metric])


def chunks_of_windows(lengths: Sequence[int], tokens: int) -> Iterator[tuple[slice, int]]:
    """Cut windows of these lengths, longest first, into slices of at most ``tokens`` with padding.

    Yields:
        A slice of the windows, one at least, and the length of its longest window.
    """
    start = 0
    while start < len(lengths):
        width = max(lengths[start:])
        end = start + max(1, tokens // width)
        yield slice(start, end), width
        start = end
