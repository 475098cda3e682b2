"""How much a random split flatters a model, by copies of its test documents in its training data.

    python benchmarks/split_leakage.py CORPUS.parquet

The file is a layout of the resume_corpus, or of one's own data in its columns ``id``, ``labels``
(joined by ``;``) and ``text``. Each seed draws test documents at random and trains two models with
the same budget and seed: "random" on any others, copies of test documents among them, as a random
split has it; "grouped" on the same ones, but with each copy of a test document replaced by a
document that is none. Both are scored on the same test documents, so that the difference is the
copies' doing. ``linear``: TF-IDF and a linear SVM; ``bert``: the default model.
"""

import argparse
import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from hydra import compose, initialize_config_dir
from lightning.pytorch import seed_everything
from scipy.stats import t as student
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from resumebert.callbacks.trainer import make_trainer
from resumebert.data.build import datamodule as build_datamodule
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.tokenization import TextTokenizer
from resumebert.model.build import bert_config, pretrained_source
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.pretrained import load_weights, locate
from resumebert.settings.calls import made
from resumebert.settings.compose import train_settings
from resumebert.settings.schema import TrainSettings
from resumebert.utils.console import quiet_libraries

CONFIGS = Path(__file__).resolve().parents[1] / "conf"
ARMS = ("random", "grouped")


@dataclass(frozen=True)
class Pair:
    """One seed's test documents and the two training sets: positions in the table."""

    test: npt.NDArray[np.int64]
    train: dict[str, npt.NDArray[np.int64]]
    copied: npt.NDArray[np.bool_]  # (len(test),) whether "random" trains on a copy of it


def main() -> None:
    """Print a table, and a line of JSON a seed as it is done."""
    options = parse_arguments()
    quiet_libraries()
    settings = make_settings(options)
    tokenizer = TextTokenizer.from_folder(locate(pretrained_source(settings.model)))
    datamodule = build_datamodule(settings.data, tokenizer, shuffle_seed=0)
    datamodule.setup()
    pool = whole_groups(datamodule.groups, options.documents)
    print(
        f"{len(datamodule.table)} documents; {len(pool)} in play, "
        f"{len(pool) - len(np.unique(datamodule.groups[pool]))} of them surplus copies",
        flush=True,
    )
    texts = list(datamodule.table.texts) if options.model == "linear" else None
    rows: list[dict[str, float]] = []
    for seed in range(options.seeds):
        pair = draw(pool, datamodule.groups, options.test, options.train, seed)
        truth = datamodule.table.labels[pair.test]
        row: dict[str, float] = {"seed": seed, "copied": float(pair.copied.mean())}
        for arm in ARMS:
            started = time.perf_counter()
            predicted = (
                fit_bert(settings, tokenizer, pair.test, pair.train[arm], seed)
                if texts is None
                else fit_linear(texts, datamodule.table.labels, pair.test, pair.train[arm])
            )
            row[f"{arm} seconds"] = time.perf_counter() - started
            for part, chosen in (
                ("all", np.full(len(truth), True)),
                ("copied", pair.copied),
                ("others", ~pair.copied),
            ):
                row[f"{arm} micro {part}"] = f1(truth[chosen], predicted[chosen], "micro")
            row[f"{arm} macro all"] = f1(truth, predicted, "macro")
        print(json.dumps({name: round(value, 4) for name, value in row.items()}), flush=True)
        rows.append(row)
    report(rows, options)


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--model", choices=("linear", "bert"), default="linear")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--documents", type=int, default=None, help="whole groups; default: all")
    parser.add_argument("--test", type=int, default=3000)
    parser.add_argument("--train", type=int, default=20000)
    parser.add_argument("--max-length", type=int, default=128, help="tokens that bert reads")
    parser.add_argument("--epochs", type=int, default=3, help="of bert")
    return parser.parse_args()


def make_settings(options: argparse.Namespace) -> TrainSettings:
    """Return train.py's settings for the corpus and the budget."""
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose(
            "train",
            [
                "data=resume_corpus",
                f"data.path={options.corpus.resolve()}",
                "data.long_documents=truncate",
                f"data.max_length={options.max_length}",
                f"trainer.max_epochs={options.epochs}",
                "~callbacks",
                "~logger",
                "output_dir=.",
            ],
        )
    return train_settings(config)


def whole_groups(groups: npt.NDArray[np.int64], documents: int | None) -> npt.NDArray[np.int64]:
    """Return the positions of random whole groups, of at most ``documents`` documents in all."""
    if documents is None:
        return np.arange(len(groups))
    sizes = np.bincount(groups)
    order = np.random.default_rng(0).permutation(len(sizes))
    return np.flatnonzero(np.isin(groups, order[np.cumsum(sizes[order]) <= documents]))


def draw(
    pool: npt.NDArray[np.int64], groups: npt.NDArray[np.int64], test: int, train: int, seed: int
) -> Pair:
    """Draw a seed's documents."""
    order = np.random.default_rng(seed).permutation(pool)
    tested, trained, spare = order[:test], order[test : test + train], order[test + train :]
    is_copy = np.isin(groups[trained], groups[tested])
    clean = spare[~np.isin(groups[spare], groups[tested])]
    if is_copy.sum() > len(clean):
        raise SystemExit("Too few documents are left to replace the copies: lower --train.")
    replaced = np.concatenate([trained[~is_copy], clean[: is_copy.sum()]])
    return Pair(
        test=tested,
        train={"random": trained, "grouped": replaced},
        copied=np.isin(groups[tested], groups[trained]),
    )


def fit_linear(
    texts: list[str],
    labels: npt.NDArray[np.uint8],
    test: npt.NDArray[np.int64],
    train: npt.NDArray[np.int64],
) -> npt.NDArray[np.bool_]:
    """Train TF-IDF (1- and 2-grams of the whole text) and a linear SVM; return its decisions."""
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), min_df=3, max_features=300_000, sublinear_tf=True, dtype=np.float32
    )
    model = OneVsRestClassifier(LinearSVC(C=1.0))
    model.fit(vectorizer.fit_transform([texts[i] for i in train]), labels[train])
    return np.asarray(model.predict(vectorizer.transform([texts[i] for i in test])), dtype=bool)


def fit_bert(
    settings: TrainSettings,
    tokenizer: TextTokenizer,
    test: npt.NDArray[np.int64],
    train: npt.NDArray[np.int64],
    seed: int,
) -> npt.NDArray[np.bool_]:
    """Train the default model; return its decisions at 0.5, in the order of ``test``."""
    seed_everything(seed, workers=True, verbose=False)

    def split(table: Any, groups: Any, seed: int) -> npt.NDArray[np.str_]:
        names = np.full(len(table), "unused")
        names[train], names[test] = "train", "test"
        return names

    datamodule: ResumeDataModule = build_datamodule(
        settings.data, tokenizer, shuffle_seed=seed, splitter=split
    )
    datamodule.setup()
    folder = locate(pretrained_source(settings.model))
    model = ResumeClassifier(
        bert_config(settings.model, folder),
        datamodule.table.label_names,
        loss=made(settings.loss),
        optimizer=made(settings.optimizer),
        scheduler=made(settings.scheduler),
    )
    load_weights(model.bert, folder)
    prevalences = datamodule.table.labels[train].mean(axis=0)
    model.start_from_prevalences(torch.from_numpy(prevalences))
    trainer = make_trainer(settings)
    trainer.limit_val_batches = 0
    trainer.fit(model, datamodule=datamodule)
    trainer.test(model, datamodule=datamodule, verbose=False)
    scores = model.scores["test"]
    place = {int(index): row for row, index in enumerate(scores.index)}
    order = [place[int(index)] for index in test]
    return np.asarray((scores.logits[order] >= 0).cpu())


def f1(truth: npt.NDArray[Any], predicted: npt.NDArray[Any], average: str) -> float:
    """Return the F1."""
    return float(f1_score(truth, predicted, average=average, zero_division=0))


def report(rows: list[dict[str, float]], options: argparse.Namespace) -> None:
    """Print means over seeds, and the paired difference with a 95 % t interval."""
    copied = statistics.mean(row["copied"] for row in rows)
    print(
        f"\n{options.model}, {options.train} trained on, {options.test} tested, {len(rows)} seeds; "
        f"{copied:.1%} of the test documents have a copy in the random split's training set\n"
        f"{'F1':24}{'random':>9}{'grouped':>9}{'flattery, 95 % interval':>30}"
    )
    for name, words in (
        ("micro all", "micro"),
        ("macro all", "macro"),
        ("micro copied", "micro, with a copy"),
        ("micro others", "micro, without"),
    ):
        values = {arm: [row[f"{arm} {name}"] for row in rows] for arm in ARMS}
        differences = np.subtract(values["random"], values["grouped"])
        half = (
            student.ppf(0.975, len(rows) - 1) * differences.std(ddof=1) / len(rows) ** 0.5
            if len(rows) > 1
            else float("nan")
        )
        mean = differences.mean()
        means = "".join(f"{statistics.mean(values[arm]):9.4f}" for arm in ARMS)
        print(f"{words:24}{means}{mean:12.4f} [{mean - half:.4f}, {mean + half:.4f}]")


if __name__ == "__main__":
    main()
