"""Our figures beside published ones, on public multi-label sets with fixed splits.

    python benchmarks/public.py FOLDER STUDY_FOLDER --seeds 3
    python benchmarks/public.py FOLDER STUDY_FOLDER --sets goemotions --settings trainer=gpu

FOLDER holds the tables that :data:`SETS` names, with the columns id, split, labels (joined by ;)
and text. Each is read with ``data=table`` as anybody's, and split as it says, duplicates across the
splits included. Where a set has no validation split, a tenth of its training documents becomes one,
by groups of duplicates, the same for all seeds. Runs that are done are not run again. The linear
model is tuned as in every run, on the same documents.
"""

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resumebert import duplicate_groups, stratified_split
from resumebert.data.readers import read_table

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class PublicSet:
    """A set: its file's name, and what was published for it."""

    name: str
    metric: str
    published: float
    source: str


SETS = (
    PublicSet(
        "reuters21578_modapte", "f1_micro", 0.9065, "BERT-base, Huang et al., EMNLP 2021: 90.6–90.7"
    ),
    PublicSet("goemotions", "f1_macro", 0.46, "BERT-base, Demszky et al., ACL 2020"),
    PublicSet(
        "hallmarks_of_cancer", "f1_micro", 0.802, "BERT, BLURB (Gu et al. 2021), sentence labels"
    ),
)


def main() -> None:
    """Run what is missing, and print a table."""
    asked = parse_arguments()
    print(f"{'set':24}{'metric':10}{'tuned, by seed':34}{'linear':>16}{'published':>11}")
    for one in SETS:
        if asked.sets and one.name not in asked.sets:
            continue
        table = with_validation(asked.folder / f"{one.name}.parquet", asked.study)
        runs = [run(table, asked.study / one.name / str(s), s, asked) for s in range(asked.seeds)]
        for metric in ("f1_micro", "f1_macro"):
            key = f"test/tuned/{metric}"
            ours = [each[key] for each in runs]
            by_seed = " ".join(f"{value:.4f}" for value in ours)
            intervals = "[{:.3f}, {:.3f}]".format(*runs[0][f"{key}_ci"])
            spread = f" ± {statistics.stdev(ours):.4f}" if len(ours) > 1 else ""
            published = f"{one.published:.3f}" if metric == one.metric else ""
            print(
                f"{one.name:24}{metric:10}{by_seed + spread:34}"
                f"{runs[0][f'test/baseline/{metric}']:>16.4f}{published:>11}"
                f"   first seed {intervals}"
            )
        print(f"{'':24}{one.source}")


def with_validation(table: Path, study: Path) -> Path:
    """Return the table, or a copy in the study's folder that has a validation split."""
    rows = pd.read_parquet(table)
    if (rows["split"] == "val").any():
        return table
    copy = study / table.name
    if not copy.exists():
        train = np.flatnonzero(rows["split"] == "train")
        documents = read_table(table, labels_column="labels").select(train)
        groups = duplicate_groups(documents.texts)
        split = stratified_split(documents, groups, 42, train=0.9, val=0.1, test=0.0)
        rows.loc[train[split == "val"], "split"] = "val"
        study.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(copy)
    return copy


def run(table: Path, folder: Path, seed: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Return the metrics of a run, which is run if it isn't there."""
    metrics = folder / "metrics.json"
    if not metrics.exists():
        command = [
            sys.executable, str(REPOSITORY / "train.py"), "data=table", f"data.path={table}",
            "data/split=column", "data.split_column=split", "data.split.allow_straddling=true",
            "data.id_column=id",
            "data.labels_column=labels", "evaluation.baseline=true", "evaluation.report=false",
            f"seed={seed}", f"hydra.run.dir={folder}", *asked.settings,
        ]  # fmt: skip
        subprocess.run(command, check=True, stdout=sys.stderr)
    found: dict[str, Any] = json.loads(metrics.read_text())
    return found


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("study", type=Path)
    parser.add_argument("--sets", nargs="*", choices=[one.name for one in SETS])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--settings", nargs="*", default=[], help="settings of train.py")
    return parser.parse_args()


if __name__ == "__main__":
    main()
