"""Damage checkpoints and cache entries at random, and count what comes of it.

    python benchmarks/corruption.py RUN [--files 240] [--entries 240] [--seed 0]

RUN is the folder of a finished run on the embedded sample. Each time one file is damaged: a bit
flipped, a byte replaced, 16 bytes zeroed, or the end cut off, anywhere in it, headers included. It
is read in a process of its own, and what is read is compared with what the whole file gives:
weights, optimizer, scores, config; texts, labels, groups, tokens.

    refused   a UserError
    anew      the cache's entry was made again, said so, and is as it was
    same      what is read is as it was: the damage is where nothing is kept
    silent    what is read is other than it was, and nothing is said
    crashed   a traceback, or the end of the process
"""

import argparse
import contextlib
import io
import multiprocessing
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from resumebert.callbacks.checkpointing import DurableCheckpointIO
from resumebert.data.build import datamodule as build_datamodule
from resumebert.data.tokenization import TextTokenizer
from resumebert.model.checkpoint import load_checkpoint
from resumebert.settings.compose import plain_config
from resumebert.settings.schema import DataSettings
from resumebert.utils.errors import UserError

FORK = multiprocessing.get_context("fork")
DAMAGES = ("bit", "byte", "zeros", "cut")


def damage(path: Path, draw: random.Random) -> str:
    """Damage a file at a random place; return how."""
    content = bytearray(path.read_bytes())
    kind = draw.choice(DAMAGES)
    before, place = bytes(content), 0
    while bytes(content) == before:
        # Headers are small, and would be hit too seldom.
        near_an_end = draw.random() < 0.3
        place = draw.randrange(min(4096, len(content)) if near_an_end else len(content))
        if near_an_end and draw.random() < 0.5:
            place = len(content) - 1 - place
        if kind == "bit":
            content[place] ^= 1 << draw.randrange(8)
        elif kind == "byte":
            content[place] = draw.randrange(256)
        elif kind == "zeros":
            content[place : place + 16] = bytes(len(content[place : place + 16]))
        else:
            del content[place:]
    path.unlink()
    path.write_bytes(content)
    return f"{kind} at {place}"


def of_checkpoint(path: Path) -> Any:
    """Return all that is read of a checkpoint, and what its model says of a few windows."""
    model, extras = load_checkpoint(path)
    ids = torch.randint(1000, 20_000, (4, 16), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        logits = model(ids, torch.ones_like(ids))
    whole = DurableCheckpointIO().load_checkpoint(path, weights_only=True)
    return logits, vars(extras), whole


def of_cache(run: Path) -> Any:
    """Return the documents of a run, from the cache."""
    _, extras = load_checkpoint(run / "checkpoints" / "best.ckpt")
    tokenizer = TextTokenizer.from_files(extras.tokenizer_files, "")
    settings = DataSettings.of(plain_config(extras.config["data"]))
    data = build_datamodule(settings, tokenizer, shuffle_seed=0)
    data.setup()
    table = data.table
    return (
        *(list(table.ids), list(table.texts), table.labels.tolist(), list(table.label_names)),
        *(data.split.tolist(), data.groups.tolist(), data.tokens.ids.tolist(), data.fingerprint),
        data.tokens.offsets.tolist(),
    )


def as_bytes(value: Any) -> Any:
    """Return what is equal for equal values, tensors and NaN among them."""
    if isinstance(value, dict):
        return [(str(key), as_bytes(part)) for key, part in value.items()]
    if isinstance(value, list | tuple):
        return [as_bytes(part) for part in value]
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.double().numpy().tobytes()
    return repr(value)


def outcome(read: Callable[[Path], Any], path: Path, expected: Any, results: Any) -> None:
    """Put into ``results`` what comes of reading ``path``."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            found = as_bytes(read(path))
    except UserError:
        results.put("refused")
        return
    except BaseException as error:
        results.put(f"crashed: {type(error).__name__}: {str(error)[:80]}")
        return
    same = "anew" if "made anew" in said.getvalue() else "same"
    results.put(same if found == expected else "silent")


def tried(read: Callable[[Path], Any], path: Path, expected: Any) -> str:
    """Return what comes of reading ``path`` in a process of its own."""
    results = FORK.SimpleQueue()
    process = FORK.Process(target=outcome, args=(read, path, expected, results))
    process.start()
    process.join()
    return results.get() if not results.empty() else f"crashed: exit code {process.exitcode}"


def report(name: str, found: list[tuple[str, str]]) -> None:
    """Print the counts, and what was silent or crashed."""
    counts = Counter(result.partition(":")[0] for _, result in found)
    print(f"{name}: {len(found)} damages,", ", ".join(f"{n} {r}" for r, n in counts.items()))
    for how, result in found:
        if result.startswith(("silent", "crashed")):
            print(f"  {how}: {result}")


def main() -> None:
    """Damage, read, count."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--files", type=int, default=240, help="damages of checkpoints")
    parser.add_argument("--entries", type=int, default=240, help="damages of cache entries")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    draw = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("best.ckpt", "last.ckpt"):
            whole, copy = given.run / "checkpoints" / name, Path(folder) / name
            expected, found = as_bytes(of_checkpoint(whole)), []
            for _ in range(given.files // 2):
                shutil.copy(whole, copy)
                found.append((damage(copy, draw), tried(of_checkpoint, copy, expected)))
            report(name, found)
        os.environ["RESUMEBERT_CACHE"] = f"{folder}/cache"
        results = FORK.SimpleQueue()
        writer = FORK.Process(target=lambda: results.put(as_bytes(of_cache(given.run))))
        writer.start()
        expected = results.get()
        shutil.copytree(f"{folder}/cache", f"{folder}/whole")
        names = sorted(p.relative_to(folder) for p in Path(folder, "cache").glob("*/*/*"))
        found = []
        for number in range(given.entries):
            shutil.rmtree(f"{folder}/cache")
            shutil.copytree(f"{folder}/whole", f"{folder}/cache")
            path = Path(folder) / names[number % len(names)]
            how = f"{path.name}: {damage(path, draw)}"
            found.append((how, tried(of_cache, given.run, expected)))
        report("cache", found)


if __name__ == "__main__":
    main()
