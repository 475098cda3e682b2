"""resumebert beside what somebody would pick instead: the same documents and weights, in turn.

    python -m benchmarks.peers RUN [--documents 24] [--turns 2] [--corpus F.parquet]

RUN is a run's folder, with ``model.pooling=max`` and ``data.long_documents=windows``: its weights
label. For each workload, all peers and resumebert take turns in one process. Ratios are medians,
with their smallest and largest. OUTPUT/peers.json has all of it, OUTPUT/peers.html the picture.
"""

import argparse
import json
import platform
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.peers import labelling, training
from benchmarks.peers.picture import page
from benchmarks.peers.timing import Row, seconds
from benchmarks.peers.workloads import Workload, workloads
from resumebert.utils.console import quiet_libraries
from resumebert.utils.durable_files import write_text
from resumebert.utils.hardware import keep_freed_memory


def main() -> None:
    """Measure, print, and write what was found."""
    given = parse_arguments()
    quiet_libraries()
    warnings.simplefilter("ignore")
    # For all of them: it helps the peers as well.
    keep_freed_memory()
    found: dict[str, list[Row]] = {"training": [], "labelling": []}
    missing: dict[str, str] = {}
    for workload in workloads(given.documents, given.corpus, given.labels_column, given.precision):
        for kind, compare in (("training", _training), ("labelling", _labelling)):
            if given.only in (None, kind):
                for row in compare(workload, given, missing):
                    found[kind].append(row)
                    print(f"{kind}, {row.workload}: {row}", flush=True)
    for peer, why in missing.items():
        print(f"not measured: {peer} ({why})")
    said = {
        "machine": machine(),
        "documents": given.documents,
        "precision": given.precision,
        "turns": given.turns,
        "not_measured": missing,
        **{
            kind: [asdict(row) | {"ratio": row.ratio} for row in rows]
            for kind, rows in found.items()
        },
    }
    given.output.mkdir(parents=True, exist_ok=True)
    write_text(given.output / "peers.json", json.dumps(said, indent=2) + "\n")
    write_text(given.output / "peers.html", page(found, said))
    print(given.output / "peers.html")


def _training(workload: Workload, given: Any, missing: dict[str, str]) -> Iterator[Row]:
    if workload.tokens is None:
        # What peers can't read whole, they are not trained on whole.
        return
    ours = training.OURS if workload.tokens > 64 else {"resumebert": training.in_one_window}
    ways = {name: partial(way, workload) for name, way in {**training.PEERS, **ours}.items()}
    times = _in_turn(ways, given.turns, missing)
    for name, own in product(training.PEERS, ours):
        if name in times:
            yield Row.of(str(workload), name, own, times, given.documents)


def _labelling(workload: Workload, given: Any, missing: dict[str, str]) -> Iterator[Row]:
    if workload.tokens is not None and workload.tokens > 64:
        # Windows are read one by one: whole documents show all there is to see.
        return
    texts = workload.table.texts
    with labelling.ways(given.run, workload) as (labeler, windows, peers):
        thresholds = np.array([labeler.thresholds[name] for name in labeler.label_names])
        calibrate = labeler._decisions.calibration.apply
        decided = labeler.predict_proba(texts) >= thresholds
        ways: dict[str, Callable[[], float]] = {}
        same = {}
        for name, make in peers.items():
            way = _tried(name, missing, make)
            if way is not None:
                scores = np.clip(windows.joined(way(windows.texts)), 1e-12, 1 - 1e-12)
                theirs = calibrate(np.log(scores / (1 - scores))) >= thresholds
                same[name] = float((theirs == decided).mean())
                ways[name] = partial(seconds, partial(way, windows.texts))
        ways["resumebert"] = partial(seconds, partial(labeler.predict_proba, texts))
        times = _in_turn(ways, given.turns, missing)
        for name, agreement in same.items():
            yield Row.of(str(workload), name, "resumebert", times, given.documents, agreement)


def _in_turn(
    ways: Mapping[str, Callable[[], float]], turns: int, missing: dict[str, str]
) -> dict[str, list[float]]:
    """Return the seconds of each way in each turn, without those that are not installed."""
    times: dict[str, list[float]] = {}
    for _ in range(turns):
        for name, way in ways.items():
            taken = _tried(name, missing, way)
            if taken is not None:
                times.setdefault(name, []).append(taken)
    return times


def _tried(name: str, missing: dict[str, str], work: Callable[[], Any]) -> Any:
    """Return what some work gives; None if what it needs is not installed, which is noted."""
    if name in missing:
        return None
    try:
        return work()
    except Exception as error:
        # Peers say it in exceptions of all kinds.
        if "install" not in str(error).lower() and not isinstance(error, ImportError):
            raise
        missing[name] = str(error).splitlines()[0]
        return None


def machine() -> dict[str, Any]:
    """Return what speed depends on."""
    features = ("avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx_bf16")
    known = torch.cpu.get_capabilities()
    return {
        "processor": platform.processor() or platform.machine(),
        "features": [name for name in features if known.get(name)],
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--documents", type=int, default=24)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--corpus", type=Path, help="a table with a column `text`")
    parser.add_argument("--labels-column", default="labels")
    parser.add_argument("--precision", default="auto", choices=["auto", "32-true"])
    parser.add_argument("--only", choices=["training", "labelling"])
    parser.add_argument("--output", type=Path, default=Path("outputs/bench"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
