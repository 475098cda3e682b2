"""Compare recipes on one split: what each scores, with intervals, at what cost.

    python benchmarks/recipes.py CORPUS.parquet STUDY_FOLDER
    python benchmarks/recipes.py CORPUS.parquet STUDY_FOLDER --rows truncate head_tail --seeds 3

Draws documents of the corpus by whole groups of copies, splits them once, writes the split as a
manifest, and runs ``train.py`` with it once a row and seed; the linear models train on the same
documents. What is done already is not run again, so a study can be stopped and gone on with. All
rows of BERT train for the same number of epochs, and, but for those of six, four and all windows,
on the same number of tokens of a document and epoch. Cost is processor time, which other work on
the machine does not change much.
"""

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resumebert.data.build import datamodule as build_datamodule
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.split_manifest import UNUSED, write_split
from resumebert.data.splitting import stratified_split
from resumebert.data.tokenization import TextTokenizer
from resumebert.evaluation.baseline import Kind, fit_baseline
from resumebert.model.build import pretrained_source
from resumebert.model.pretrained import locate
from resumebert.settings.compose import train_settings
from resumebert.utils.console import quiet_libraries

REPOSITORY = Path(__file__).resolve().parents[1]
RESAMPLES = 2000

# But for six, four and all windows, rows train on 512 tokens of a document: one window, or several.
BATCH_SIZE = 8
ONE_WINDOW = ["data.max_length=512"]
WINDOWS = ["data.long_documents=windows", "data.max_length=64"]
EIGHT = [*WINDOWS, f"data.max_windows_train={8 * BATCH_SIZE}"]
ROWS: dict[str, list[str]] = {
    "truncate": [*ONE_WINDOW, "data.long_documents=truncate"],
    "head_tail": [*ONE_WINDOW, "data.long_documents=head_tail"],
    "random window": [*ONE_WINDOW, "data.long_documents=random_window"],
    "windows, max": EIGHT,
    "windows, logsumexp": [*EIGHT, "model.pooling=logsumexp"],
    "windows, mean": [*EIGHT, "model.pooling=mean"],
    "windows, attention": [*EIGHT, "model.pooling=attention"],
    "windows drawn blindly": [*EIGHT, "data.window_sampling=uniform"],
    "windows of 128, four a document": [
        "data.long_documents=windows",
        "data.max_length=128",
        f"data.max_windows_train={4 * BATCH_SIZE}",
    ],
    "windows of 256, two a document": [
        "data.long_documents=windows",
        "data.max_length=256",
        f"data.max_windows_train={2 * BATCH_SIZE}",
    ],
    "six windows": [*WINDOWS, f"data.max_windows_train={6 * BATCH_SIZE}"],
    "four windows": [*WINDOWS, f"data.max_windows_train={4 * BATCH_SIZE}"],
    "all windows": [*WINDOWS, "data.max_windows_train=null"],
    "bce_weighted": [*EIGHT, "loss=bce_weighted"],
    "asymmetric": [*EIGHT, "loss=asymmetric"],
    "focal": [*EIGHT, "loss=focal"],
    "zlpr": [*EIGHT, "loss=zlpr"],
    "head lr as the encoder's": [*EIGHT, "optimizer.head_lr_factor=1"],
    "dropout 0.1": [*EIGHT, "model.hidden_dropout=0.1"],
    "attention dropout 0.1": [*EIGHT, "model.attention_dropout=0.1"],
    "embeddings frozen": [*EIGHT, "model.freeze_embeddings=true"],
    "embeddings, 3 layers frozen": [
        *EIGHT,
        "model.freeze_embeddings=true",
        "model.freeze_layers=3",
    ],
    "lowest 3 layers only": [*EIGHT, "model.num_layers=3"],
}
# Of all rows, but where a row says otherwise; as experiment=resume_corpus_cpu has it.
RECIPE = ["model.hidden_dropout=0", "optimizer.lr=3e-4", "scheduler.warmup=0.05"]
# What every other row is compared to, on the same documents.
REFERENCE = "windows, max"
# Thresholds are tuned; the intervals, the baseline and the report are this study's own or nobody's.
NOTHING_MORE = [
    "evaluation.bootstrap_resamples=0",
    "evaluation.baseline=false",
    "evaluation.report=false",
]
LINEAR: dict[str, Kind] = {"linear SVM": "svm", "logistic regression": "logistic"}


def main() -> None:
    """Run what is missing of the study, and print its table."""
    options = parse_arguments()
    options.study.mkdir(parents=True, exist_ok=True)
    manifest = options.study / "split.csv"
    datamodule: ResumeDataModule | None = None
    if not manifest.exists():
        datamodule = load(options)
        make_manifest(datamodule, manifest, options)
    for name in options.rows or [*LINEAR, *ROWS]:
        seeds = range(1) if name in LINEAR else range(options.seeds)
        for seed in seeds:
            folder = row_folder(options.study, name) / str(seed)
            if (folder / "result.json").exists():
                continue
            folder.mkdir(parents=True, exist_ok=True)
            if name in LINEAR:
                datamodule = datamodule or load(options)
                run_linear(datamodule, LINEAR[name], manifest, folder)
            else:
                run_bert(name, seed, manifest, folder, options)
            print(f"done: {name}, seed {seed}", file=sys.stderr, flush=True)
    print(table(options))


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("study", type=Path)
    parser.add_argument("--rows", nargs="+", choices=[*LINEAR, *ROWS], metavar="ROW")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--train", type=int, default=2000)
    parser.add_argument("--val", type=int, default=200)
    parser.add_argument("--test", type=int, default=800)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--overrides", nargs="*", default=[], help="for every row of BERT")
    return parser.parse_args()


def load(options: argparse.Namespace) -> ResumeDataModule:
    """Return the prepared corpus."""
    from hydra import compose, initialize_config_dir

    quiet_libraries()
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        config = compose(
            "train",
            ["data=resume_corpus", f"data.path={options.corpus.resolve()}", "output_dir=."],
        )
    settings = train_settings(config)
    tokenizer = TextTokenizer.from_folder(locate(pretrained_source(settings.model)))
    datamodule = build_datamodule(settings.data, tokenizer, shuffle_seed=0)
    datamodule.setup()
    return datamodule


def make_manifest(datamodule: ResumeDataModule, path: Path, options: argparse.Namespace) -> None:
    """Draw whole groups, split them, and write the manifest; others are in no split."""
    groups = datamodule.groups
    sizes = np.bincount(groups)
    order = np.random.default_rng(0).permutation(len(sizes))
    wanted = options.train + options.val + options.test
    chosen = np.flatnonzero(np.isin(groups, order[np.cumsum(sizes[order]) <= wanted]))
    shares = {"val": options.val / len(chosen), "test": options.test / len(chosen)}
    shares["train"] = 1 - shares["val"] - shares["test"]
    split = np.full(len(groups), UNUSED, dtype=object)
    split[chosen] = stratified_split(datamodule.table.select(chosen), groups[chosen], 0, **shares)
    write_split(path, datamodule.table, split, groups)


def run_linear(datamodule: ResumeDataModule, kind: Kind, manifest: Path, folder: Path) -> None:
    """Train and score a linear model."""
    split = pd.read_csv(manifest, dtype={"id": str}).set_index("id")["split"]
    place = {identifier: row for row, identifier in enumerate(datamodule.table.ids)}
    parts = {
        part: [place[identifier] for identifier in split.index[split == part]]
        for part in ("train", "val", "test")
    }
    texts = {part: [datamodule.table.texts[i] for i in rows] for part, rows in parts.items()}
    labels = {part: datamodule.table.labels[rows] for part, rows in parts.items()}
    started = processor_seconds()
    found = fit_baseline(
        texts["train"],
        labels["train"],
        texts["val"],
        labels["val"],
        datamodule.table.label_names,
        kind=kind,
        val_groups=datamodule.groups[parts["val"]],
    )
    predicted = found.probabilities(texts["test"]) >= np.array(found.decisions.thresholds)
    minutes = (processor_seconds() - started) / 60
    frame = pd.DataFrame({"id": split.index[split == "test"]})
    save(folder, frame["id"].tolist(), labels["test"], predicted, minutes, f"C={found.cost:g}")


def run_bert(
    name: str, seed: int, manifest: Path, folder: Path, options: argparse.Namespace
) -> None:
    """Run train.py."""
    overrides = [
        "data=resume_corpus",
        "data/split=predefined",
        f"data.batch_size={BATCH_SIZE}",
        f"trainer.max_epochs={options.epochs}",
        *RECIPE,
        # The last epoch alone is validated: what is compared is the recipe, not when to stop.
        f"+trainer.check_val_every_n_epoch={options.epochs}",
        *options.overrides,
        *ROWS[name],
        f"seed={seed}",
    ]
    places = [
        f"data.path={options.corpus.resolve()}",
        f"data.split.manifest={manifest.resolve()}",
        f"hydra.run.dir={folder.resolve()}",
    ]
    started = processor_seconds()
    subprocess.run(
        [sys.executable, str(REPOSITORY / "train.py"), *overrides, *NOTHING_MORE, *places],
        check=True,
        stdout=(folder / "log.txt").open("w"),
    )
    minutes = (processor_seconds() - started) / 60
    predictions = pd.read_csv(
        folder / "predictions_test.csv", dtype={"id": str}, keep_default_na=False
    )
    labels = predictions.columns[3:].tolist()
    truth = sets_to_flags(predictions["true_labels"], labels)
    predicted = sets_to_flags(predictions["predicted_labels"], labels)
    save(folder, predictions["id"].tolist(), truth, predicted, minutes, " ".join(overrides))


def processor_seconds() -> float:
    """Return the processor time of this process and its children so far, of all cores."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def sets_to_flags(joined: "pd.Series[str]", labels: list[str]) -> npt.NDArray[np.uint8]:
    """Return (n, L) of 0 and 1 for label sets joined by ``;``."""
    sets = [set(text.split(";")) for text in joined]
    return np.array([[name in held for name in labels] for held in sets], dtype=np.uint8)


def save(
    folder: Path,
    ids: list[str],
    truth: npt.NDArray[Any],
    predicted: npt.NDArray[Any],
    minutes: float,
    command: str,
) -> None:
    """Write what the table takes, in the order of the ids."""
    order = np.argsort(np.array(ids))
    np.savez(
        folder / "decisions.npz",
        truth=truth[order].astype(bool),
        predicted=predicted[order].astype(bool),
    )
    result = {"minutes": minutes, "command": command}
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


def table(options: argparse.Namespace) -> str:
    """Return the study as a Markdown table: means over seeds, 95 % bootstrap intervals."""
    done = {
        name: folders
        for name in [*LINEAR, *ROWS]
        if (folders := finished(row_folder(options.study, name)))
    }
    values = {name: f1_of_resamples(folders) for name, folders in done.items()}
    lines = [
        f"| row | seeds | micro-F1 | macro-F1 | micro-F1, less that of {REFERENCE} | CPU minutes "
        "| command or C |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, folders in done.items():
        results = [json.loads((folder / "result.json").read_text()) for folder in folders]
        micro, macro = (with_interval(series) for series in values[name])
        # All are of the same resamples of the same documents, so that differences are paired.
        behind = ""
        if name != REFERENCE and REFERENCE in values:
            behind = with_interval(values[name][0] - values[REFERENCE][0], sign="+")
        minutes = statistics.mean(result["minutes"] for result in results)
        command = results[0]["command"].partition("seed=")[0].strip()
        lines.append(
            f"| {name} | {len(folders)} | {micro} | {macro} | {behind} | {minutes:.1f} "
            f"| `{command}` |"
        )
    return "\n".join(lines)


def row_folder(study: Path, name: str) -> Path:
    """Return the folder of a row, named so that it can stand in an override as it is."""
    return study / re.sub(r"[^\w ]", "", name).replace(" ", "_")


def finished(row: Path) -> list[Path]:
    """Return the folders of a row's seeds that have a result."""
    return sorted(path.parent for path in row.glob("*/result.json"))


def f1_of_resamples(folders: list[Path]) -> npt.NDArray[np.float64]:
    """Return (2, 1 + RESAMPLES) micro- and macro-F1, means over seeds.

    The first are of all documents, the others of resamples, the same ones for every row.
    """
    values = []
    for folder in folders:
        decisions = np.load(folder / "decisions.npz")
        truth, predicted = decisions["truth"], decisions["predicted"]
        documents = len(truth)
        weights = np.random.default_rng(0).multinomial(
            documents, np.full(documents, 1 / documents), size=RESAMPLES
        )
        weights = np.vstack([np.ones(documents, dtype=np.int64), weights])
        hits, all_predicted, all_true = (
            weights @ flags.astype(np.int64) for flags in (truth & predicted, predicted, truth)
        )
        per_label = 2 * hits / np.maximum(1, all_predicted + all_true)
        micro = 2 * hits.sum(1) / (all_predicted + all_true).sum(1)
        values.append((micro, per_label.mean(1)))
    means: npt.NDArray[np.float64] = np.mean(values, axis=0)
    return means


def with_interval(series: npt.NDArray[np.float64], sign: str = "") -> str:
    """Return a value of all documents with the interval of its resamples."""
    low, high = np.quantile(series[1:], [0.025, 0.975])
    return f"{series[0]:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


if __name__ == "__main__":
    main()
