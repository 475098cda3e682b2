"""Labelling against transformers' own pipeline: the same documents, weights and tokens, in turn.

The model is exported with format=hf, and both read that folder. Each document is cut to one window,
which is all that a pipeline reads. The pipeline runs one document at a time, and in batches of
documents sorted by length, of the size that is fastest here.

    python benchmarks/labelling.py outputs/train/DATE_TIME [--documents 200] [--turns 3]
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy.special import expit
from transformers import pipeline

from resumebert import ResumeLabeler
from resumebert.data.readers import read_sample
from resumebert.inference.export import export

SIZES = (8, 32, 128)


def main() -> None:
    """Export, compare the scores, and time both by turns."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        export(given.run, model, format="hf", documents=10)
        labeler = ResumeLabeler.load(model, device="cpu", precision="32-true")
        texts = [found.text for found in labeler.predict(read_sample().texts[: given.documents])]
        tokens = labeler._scorer.windowing.max_length
        scored = pipeline("text-classification", model=str(model), top_k=None, device="cpu")

        def theirs(size: int, documents: list[str]) -> list[dict[str, float]]:
            found = scored(documents, truncation=True, max_length=tokens, batch_size=size)
            return [{each["label"]: each["score"] for each in one} for one in found]

        def ours(documents: list[str]) -> object:
            return labeler.predict(documents)

        one_window = labeler._scorer.windowing.strategy == "truncate"
        if one_window:
            logits = labeler._scorer.logits(texts)
            said = [[one[name] for name in labeler.label_names] for one in theirs(32, texts)]
            print(f"largest difference of a score: {np.abs(expit(logits) - said).max():.1e}")
        else:
            print("The run reads all windows, the pipeline one: only the speeds are compared.")
        by_length = sorted(texts, key=len)
        best = min(SIZES, key=lambda size: seconds(lambda: theirs(size, by_length)))
        ways: dict[str, Callable[[], object]] = {
            "one at a time": lambda: theirs(1, texts),
            f"batches of {best}, sorted": lambda: theirs(best, by_length),
        }
        found = {}
        for name, way in ways.items():
            pairs = [(seconds(way), seconds(lambda: ours(texts))) for _ in range(given.turns)]
            ratios = [first / second for first, second in pairs]
            rate = len(texts) / statistics.median(second for _, second in pairs)
            found[name] = ratios
            print(
                f"pipeline, {name}: labelling is {statistics.median(ratios):.2f} times as fast "
                f"[{min(ratios):.2f}, {max(ratios):.2f}], {rate:.1f} documents of up to {tokens} "
                f"tokens a second, {torch.get_num_threads()} threads"
            )
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
