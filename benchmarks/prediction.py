"""Measure memory and speed of predict.py over a table of many short rows.

``python benchmarks/prediction.py`` trains the tiny model, labels a million rows, and prints the
resident memory of the process, and of all those that it starts, at each tenth of the rows.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

REPOSITORY = Path(__file__).parents[1]
TITLES = ("Java developer", "Network administrator", "Web developer", "Project manager")
TOOLS = ("Spring", "Cisco", "React", "Oracle", "Linux", "Python", "Excel", "AWS")


def main() -> None:
    """Train, write the rows, label them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--format", default="csv", choices=("csv", "jsonl", "parquet"))
    parser.add_argument("--ckpt", help="a run's folder, in place of the tiny model")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run = options.ckpt or trained(folder / "run")
        write_rows(folder / "rows.csv", options.rows)
        output = folder / f"labels.{options.format}"
        label(run, folder / "rows.csv", output, options.rows)


def trained(run: Path) -> str:
    """Train the tiny model for a few seconds."""
    arguments = ["debug=default", "evaluation.report=false", f"hydra.run.dir={run}"]
    command = [sys.executable, str(REPOSITORY / "train.py"), *arguments]
    subprocess.run(command, check=True, capture_output=True)
    return str(run)


def write_rows(path: Path, count: int) -> None:
    """Write a csv of short texts, no two the same."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        for i in range(count):
            title, tool = TITLES[i % 4], TOOLS[i // 4 % 8]
            writer.writerow([f"r{i}", f"{title} no. {i}, {i % 30} years of {tool}, 2 in Berlin"])
    print(f"{count:,} rows, {path.stat().st_size / 1e6:,.0f} MB")


def label(run: str, path: Path, output: Path, count: int) -> None:
    """Label the rows, and look at the memory every second."""
    command = [
        sys.executable, str(REPOSITORY / "predict.py"), f"ckpt={run}", f"input={path}",
        f"output={output}", "batch_size=512",
    ]  # fmt: skip
    began, next_tenth = time.monotonic(), 0
    record = Path(f"{output}.partial.json")
    with subprocess.Popen(command) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            time.sleep(0.5)
            try:
                rows = json.loads(record.read_text())["rows"]
                family = [watched, *watched.children(recursive=True)]
                resident = sum(each.memory_info().rss for each in family) / 1e6
            except (OSError, psutil.Error):
                continue
            if 10 * rows >= next_tenth * count:
                seconds = time.monotonic() - began
                print(f"{rows:>9,} rows  {seconds:6.0f} s  {resident:6,.0f} MB", flush=True)
                next_tenth = 10 * rows // count + 1
    seconds = time.monotonic() - began
    print(f"{count:,} rows in {seconds:,.0f} s, {output.stat().st_size / 1e6:,.0f} MB written")


if __name__ == "__main__":
    main()
