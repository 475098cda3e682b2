"""How long a run takes to be ready for its first step, and how much memory: fresh, and from cache.

    python benchmarks/start_up.py CORPUS.parquet --rows 26845 270000

The file has the columns ``id``, ``labels`` (joined by ``;``) and ``text``. For more rows than it
has, its documents are repeated with their words shuffled in runs of four, so that the repeats are
no near-duplicates. Each start is a process of its own, up to the first training batch; the last
one also reads an epoch of batches. Linux only, for what a process occupies is read from /proc.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hydra import compose, initialize_config_dir

from resumebert.data.build import datamodule as build_datamodule
from resumebert.data.tokenization import TextTokenizer
from resumebert.model.build import pretrained_source
from resumebert.model.pretrained import locate
from resumebert.settings.compose import train_settings
from resumebert.utils.console import quiet_libraries

CONFIGS = Path(__file__).resolve().parents[1] / "conf"
RUN = 4
ROWS_AT_ONCE = 2000


def main() -> None:
    """Measure and print a table; or, as the process that is measured, start once."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[26845])
    parser.add_argument("--start", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--epoch", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.start:
        print(json.dumps(start(options.corpus, epoch=options.epoch)))
        return
    print(f"{'rows':>9}{'start':>22}{'seconds':>9}{'peak GB':>9}{'own GB':>8}{'mapped GB':>11}")
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "table.parquet"
            write_table(options.corpus, table, rows)
            environment = {**os.environ, "RESUMEBERT_CACHE": f"{folder}/cache"}
            for name in ("fresh", "from cache", "from cache, an epoch"):
                arguments = [str(table), "--start", *(["--epoch"] if "epoch" in name else [])]
                done = subprocess.run(
                    [sys.executable, __file__, *arguments],
                    env=environment,
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                )
                found = json.loads(done.stdout.splitlines()[-1])
                print(
                    f"{rows:>9}{name:>22}{found['seconds']:>9.1f}{found['peak']:>9.2f}"
                    f"{found['own']:>8.2f}{found['mapped']:>11.2f}",
                    flush=True,
                )


def write_table(corpus: Path, path: Path, rows: int) -> None:
    """Write a table of so many rows."""
    source = pq.ParquetFile(corpus)
    generator = np.random.default_rng(0)
    schema = pa.schema([(name, pa.string()) for name in ("id", "labels", "text")])
    written = turn = 0
    with pq.ParquetWriter(path, schema) as writer:
        while written < rows:
            for batch in source.iter_batches(ROWS_AT_ONCE, columns=schema.names):
                piece = batch.slice(0, rows - written)
                if not len(piece):
                    break
                texts = piece["text"].to_pylist()
                if turn:
                    texts = [shuffled(text, generator) for text in texts]
                ids = [f"{turn}-{value}" for value in piece["id"].to_pylist()]
                writer.write_batch(pa.record_batch([ids, piece["labels"], texts], schema=schema))
                written += len(piece)
            turn += 1


def shuffled(text: str, generator: np.random.Generator) -> str:
    """Return ``text`` with its words in another order, in runs of :data:`RUN`."""
    words = text.split()
    runs = [" ".join(words[i : i + RUN]) for i in range(0, len(words), RUN)]
    return " ".join(runs[i] for i in generator.permutation(len(runs)))


def start(path: Path, *, epoch: bool) -> dict[str, float]:
    """Read, clean, group, split and tokenise, or take it from the cache; then make batches."""
    started = time.perf_counter()
    quiet_libraries()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose("train", ["data=resume_corpus", f"data.path={path}", "output_dir=."])
    settings = train_settings(config)
    tokenizer = TextTokenizer.from_folder(locate(pretrained_source(settings.model)))
    datamodule = build_datamodule(settings.data, tokenizer, shuffle_seed=0)
    datamodule.setup()
    batches = iter(datamodule.train_dataloader())
    next(batches)
    seconds = time.perf_counter() - started
    for _ in batches if epoch else ():
        pass
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    memory = dict(line.split(":", 1) for line in lines)
    gigabytes = {name: int(memory[name].split()[0]) / 1e6 for name in ("VmHWM", "RssAnon")}
    mapped = int(memory["RssFile"].split()[0]) / 1e6
    return {
        "seconds": seconds,
        "peak": gigabytes["VmHWM"],
        "own": gigabytes["RssAnon"],
        "mapped": mapped,
    }


if __name__ == "__main__":
    main()
