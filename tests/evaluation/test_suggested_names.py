import numpy as np

from resumebert.data.label_words import label_words
from resumebert.evaluation.baseline import fit_baseline
from resumebert.evaluation.suggested_names import suggested_names

LABELS = ["Network_Administrator", "Software_Developer", "Cook"]


def test_terms_that_weigh_most_and_are_spelled_like_a_name():
    kinds = (
        ("network administrator and network engineer, routing", [1, 0, 0]),
        ("software engineer, softwaredevelopper. Java was written", [0, 1, 0]),
        ("cook, roasting", [0, 0, 1]),
    )
    texts = [f"{text} w{i}" for i in range(60) for text, _ in kinds]
    labels = np.array([label for _ in range(60) for _, label in kinds], dtype=np.uint8)
    baseline = fit_baseline(texts, labels, texts[:60], labels[:60], LABELS, costs=(1.0,))
    found = suggested_names(baseline, label_words(LABELS))
    # Neither what is found already nor skills.
    assert found == {
        "Network_Administrator": ["network engineer"],
        "Software_Developer": ["software engineer", "softwaredevelopper"],
    }
    told = {"Network_Administrator": ["network engineer"]}
    assert "Network_Administrator" not in suggested_names(baseline, label_words(LABELS, told))
