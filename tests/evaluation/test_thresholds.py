import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from resumebert.evaluation.thresholds import best_f1_thresholds


@given(
    st.lists(
        st.tuples(st.integers(-5, 5).map(lambda n: n / 4), st.booleans()), min_size=1, max_size=40
    )
)
def test_no_cut_point_is_better(rows):
    scores = np.array([[score] for score, _ in rows])
    targets = np.array([[int(target)] for _, target in rows])
    [threshold] = best_f1_thresholds(scores, targets, default=9.0)
    if not targets.any():
        assert threshold == 9.0
        return

    def f1(cut: float) -> float:
        return f1_score(targets[:, 0], scores[:, 0] >= cut, zero_division=0)

    assert f1(threshold) == pytest.approx(max(f1(cut) for cut in [*scores[:, 0], 99]))


def test_labels_have_thresholds_of_their_own():
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.3], [0.2, 0.4]])
    targets = np.array([[1, 0], [1, 0], [0, 0], [0, 1]])
    assert best_f1_thresholds(scores, targets) == pytest.approx([0.5, 0.35])
