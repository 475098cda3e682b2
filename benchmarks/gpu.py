"""How much of a GPU a training step uses, and what texts of mixed lengths cost.

    make bench-gpu
    python benchmarks/gpu.py --model small --steps 3 --documents 16   # where there is no GPU

BERT-base's architecture, random weights, bfloat16 products (``bf16-mixed``), AdamW with its step.
Each row is the median of ``--repeats`` turns, taken in rotation with the others; a turn is
``--steps`` steps between two events of the device's own clock.

Model FLOPs utilisation is that of ``resumebert.model.operations``, against ``--peak``: by default
989 TFLOP/s, the dense bfloat16 that the datasheet of an H100 or H200 (SXM) names.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from resumebert.data.batching import Batch, Collator, DocumentDataset, LengthBatchSampler
from resumebert.data.tokenization import TextTokenizer, TokenizedTexts
from resumebert.data.windows import SPECIAL_TOKENS, Windowing
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.operations import step_operations
from resumebert.model.optimization import adamw

LABELS = 10
MODELS = {
    "base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12},
    "minilm": {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12},
    "small": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2},
}


def main() -> None:
    """Measure and print a table."""
    asked = parse_arguments()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    print(f"{name}, torch {torch.__version__}, {asked.model}, {asked.documents} documents a step")
    full = np.full(asked.documents * asked.steps, 512 - SPECIAL_TOKENS)
    # The corpus cut at 512 tokens: a fifth is shorter, some of it much.
    mixed = np.random.default_rng(0).lognormal(6.87, 0.85, len(full)).clip(5, 510).astype(int)
    even = np.random.default_rng(1).integers(5, 511, len(full))
    rows: dict[str, Turn] = {}
    for words, lengths in (("all of 512", full), ("as the corpus", mixed), ("1 to 512", even)):
        for compiled in (False, True) if asked.compile else (False,):
            turn = Turn(asked, device, lengths, compiled=compiled)
            rows[words + (", compiled" if compiled else "")] = turn
    found: dict[str, list[tuple[float, int, float]]] = {row: [] for row in rows}
    for _ in range(asked.repeats):
        for row, measure in rows.items():
            found[row].append(measure())
    print(f"{'lengths':28}{'tokens/s':>12}{'of all 512':>12}{'padding':>9}{'MFU':>7}")
    figures: dict[str, dict[str, float]] = {}
    for row, turns in found.items():
        rate = statistics.median(tokens / seconds for seconds, tokens, _ in turns)
        mfu = statistics.median(work / seconds / asked.peak / 1e12 for seconds, _, work in turns)
        first = "all of 512" + (", compiled" if "compiled" in row else "")
        share = rate / figures[first]["tokens_per_second"] if first in figures else 1.0
        padding = rows[row].padding
        figures[row] = {"tokens_per_second": rate, "share": share, "padding": padding, "mfu": mfu}
        print(f"{row:28}{rate:>12,.0f}{share:>12.2f}{padding:>9.1%}{mfu:>7.1%}")
    if device.type == "cuda":
        print(f"at most {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB of the device's memory")
    if asked.output:
        asked.output.write_text(json.dumps({"device": name, **figures}, indent=2) + "\n")


class Turn:
    """Some training steps over documents of given lengths; calling it times them.

    It returns seconds, tokens without padding, and the operations that these take.
    """

    def __init__(
        self,
        asked: argparse.Namespace,
        device: torch.device,
        lengths: np.ndarray,
        *,
        compiled: bool,
    ) -> None:
        torch.manual_seed(0)
        sizes = MODELS[asked.model]
        self.sizes = {**sizes, "intermediate_size": 4 * sizes["hidden_size"]}
        config: dict[str, Any] = {
            "vocab_size": 30_522,
            "max_position_embeddings": 512,
            **self.sizes,
        }
        config |= {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.0}
        self.model = ResumeClassifier(
            config, [str(label) for label in range(LABELS)], chunk_tokens=asked.chunk_tokens
        ).to(device)
        self.model.train()
        if compiled:
            self.model.bert.bert.compile(dynamic=True)
        self.optimizer = adamw(self.model.bert, lr=1e-5, fused=True)
        self.device = device
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        ids = np.random.default_rng(2).integers(1_000, 30_000, offsets[-1]).astype(np.int32)
        labels = np.random.default_rng(3).integers(0, 2, (len(lengths), LABELS)).astype(np.uint8)
        data = DocumentDataset(TokenizedTexts(ids, offsets), labels, np.arange(len(lengths)))
        collate = Collator(TOKENIZER, Windowing("truncate", 512))
        sampler = LengthBatchSampler(lengths, asked.documents, shuffle=True)
        self.batches = [
            self._moved(collate([data[place] for place in places])) for places in sampler
        ]
        read = np.concatenate([batch["window_lengths"] for batch in self.batches])
        held = sum(batch["input_ids"].numel() for batch in self.batches)
        self.padding = float(1 - read.sum() / held)
        self.tokens = int(read.sum())
        self.work = step_operations(self.model.bert, read.tolist())
        self._steps()

    def __call__(self) -> tuple[float, int, float]:
        """Time the steps."""
        if self.device.type != "cuda":
            start = time.perf_counter()
            self._steps()
            return time.perf_counter() - start, self.tokens, self.work
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        first.record()
        self._steps()
        last.record()
        torch.cuda.synchronize()
        return first.elapsed_time(last) / 1e3, self.tokens, self.work

    def _moved(self, batch: Batch) -> Batch:
        for name, value in batch.items():
            if isinstance(value, torch.Tensor):
                batch[name] = value.to(self.device)  # type: ignore[literal-required]
        return batch

    def _steps(self) -> None:
        for batch in self.batches:
            with torch.autocast(self.device.type, torch.bfloat16):
                logits = self.model(
                    batch["input_ids"],
                    batch["attention_mask"],
                    batch["window_document"],
                    batch["window_lengths"],
                    len(batch["index"]),
                )
            self.model.loss(logits, batch["labels"]).backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad()


# Only its numbers for [CLS], [SEP] and padding are used.
TOKENIZER = TextTokenizer(files={}, cls_id=101, sep_id=102, pad_id=0, _tokenizer=None)  # type: ignore[arg-type]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=MODELS, default="base")
    parser.add_argument("--documents", type=int, default=128)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--chunk-tokens", type=int, default=131_072)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--peak", type=float, default=989.0, help="TFLOP/s of dense bfloat16")
    parser.add_argument("--output", type=Path, help="a JSON file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
