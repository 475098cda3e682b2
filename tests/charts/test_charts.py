import re
from html import unescape

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from report_inputs import made_error, made_result
from resumebert.charts import curves, matrices, svg
from resumebert.charts.curves import Scored
from resumebert.charts.ranges import range_picture, shared_domain
from resumebert.charts.words import ends, number, with_ends
from resumebert.report.error_texts import marked_texts

SCORES = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60)


@given(SCORES, st.integers(0, 20))
def test_ratios_at_a_threshold_are_those_by_hand(rows, cut):
    scores = np.array([score / 20 for score, _ in rows])
    truth = np.array([has for _, has in rows])
    found = curves.ratios_at(np.array([cut / 20]), scores, truth)
    given_label = scores >= cut / 20
    for name, over in {
        "precision": truth[given_label],
        "recall": given_label[truth],
        curves.ALARMS: given_label[~truth],
        "F1": (given_label & truth)[given_label | truth],
    }.items():
        share = over.mean() if len(over) else np.nan
        by_hand = 2 * share / (1 + share) if name == "F1" else share
        assert found[name][0] == pytest.approx(by_hand, nan_ok=True)


@given(SCORES)
def test_reliability_bins_hold_everything_and_few_are_small(rows):
    scores, truth = np.array([s / 20 for s, _ in rows]), np.array([has for _, has in rows])
    mean, share, counts = curves.reliability_bins(scores, truth)
    assert counts.sum() == len(rows)
    assert (counts * mean).sum() == pytest.approx(scores.sum())
    assert (counts * share).sum() == pytest.approx(truth.sum())
    assert len(counts) == 1 or counts.min() >= curves.FEWEST_IN_A_BIN


@pytest.mark.parametrize(("hits", "count"), [(0, 5), (3, 7), (7, 7), (400, 1000)])
def test_wilson_interval_is_scipys(hits, count):
    theirs = binomtest(hits, count).proportion_ci(method="wilson")
    ours = curves.wilson_interval(hits / count, count)
    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-6)


@given(st.lists(st.tuples(st.floats(0, 200), st.floats(0, 100)), min_size=1, max_size=900))
def test_a_thinned_line_keeps_its_ends_and_few_points(points):
    pixels = np.array(points)
    kept = svg.thinned(pixels)
    assert len(kept) <= svg.MAX_POINTS
    assert kept[0] == 0
    assert np.abs(pixels[kept[-1]] - pixels[-1]).max() <= 1
    assert (np.diff(kept) > 0).all()


def test_a_straight_line_is_thinned_to_its_ends_and_a_corner_is_kept():
    across = np.linspace(0, 100, 400)
    assert svg.thinned(np.column_stack([across, across])).tolist() == [0, 399]
    corner = np.column_stack([np.r_[across, [100.0] * 400], np.r_[[0.0] * 400, across]])
    assert len(svg.thinned(corner)) == 3


def test_pictures_of_a_curve_have_as_many_thresholds_as_corners():
    result = made_result(400, 1)
    scores = result.probabilities[:, 0]
    scored = Scored("A", result.truth[:, 0], scores, scores, 0.4, scores, 0.4)
    for draw in (curves.precision_recall, curves.roc):
        for told, path in re.findall(r'data-t="([^"]*)" d="([^"]*)"', str(draw(scored))):
            corners = len(re.findall(r"[MLV]", path))
            assert len(told.split()) == corners


def test_confusion_is_counted_by_hand():
    result = made_result(80, 3)
    found = matrices.confusion(result.truth, result.predicted)
    instead, nothing = np.zeros((3, 3), dtype=int), np.zeros(3, dtype=int)
    for has, gets in zip(result.truth, result.predicted, strict=True):
        for i in np.flatnonzero(has & ~gets):
            wrong = np.flatnonzero(gets & ~has)
            instead[i, wrong] += 1
            nothing[i] += len(wrong) == 0
    np.testing.assert_array_equal(found.instead, instead)
    np.testing.assert_array_equal(found.nothing, nothing)
    np.testing.assert_array_equal(found.missed, (result.truth & ~result.predicted).sum(axis=0))
    pairs = matrices.frequent_confusions(found, result.label_names)
    assert [p[2] for p in pairs] == sorted(instead[instead > 0].tolist(), reverse=True)


def test_cooccurrence_is_counted_by_hand():
    result = made_result(80, 3)
    true, predicted = matrices.cooccurrence(result.truth, result.predicted)
    assert true[0, 2] == (result.truth[:, 0] & result.truth[:, 2]).sum()
    assert predicted[1, 0] == (result.predicted[:, 0] & result.predicted[:, 1]).sum()
    for a, b, n, m in matrices.different_pairs(true, predicted, ["0", "1", "2"]):
        assert (n, m) == (true[int(a), int(b)], predicted[int(a), int(b)])
        assert n != m


@given(st.text(max_size=900), st.integers(0, 400))
def test_marking_a_text_changes_nothing_of_it(words, more):
    text = words + "x" * more
    excerpt, whole = marked_texts(made_error(text, ["A", "B", "C"]), ["A", "B", "C"])
    marked = str(excerpt if whole is None else whole)
    assert unescape(re.sub(r"<[^>]*>", "", marked)) == unescape(text.replace("&", "&amp;"))


def test_label_names_and_deciding_windows_are_marked():
    error = made_error("a Java & C developer " * 60, ["A", "B", "C"])
    excerpt, whole = marked_texts(error, ["A", "B", "C"])
    assert '<mark class="l0" title="A">Java</mark>' in str(excerpt)
    assert 'title="the window that decided A"' in str(whole)
    assert "C developer" in str(whole)


def test_figures_in_words():
    assert number(float("nan")) == "–"
    assert number(-0.00001) == "0.000"
    assert ends((-0.1, 0.25)) == "−0.100 to 0.250"
    assert with_ends(0.5, (0.25, 0.75)) == "0.500 [0.250–0.750]"
    assert with_ends(0.5, (float("nan"), float("nan"))) == "0.500"


def test_a_range_without_values_draws_nothing_but_its_line():
    assert shared_domain([0.34, float("nan")]) == (0.3, 1.0)
    nan = float("nan")
    assert "circle" not in str(range_picture([("model", "model", nan, (nan, nan))], (0, 1)))
