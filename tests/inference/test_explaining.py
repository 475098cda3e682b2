"""Words and windows that speak for labels, against models whose answer is known."""

import re
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from resumebert import ResumeLabeler, UserError
from resumebert.data.tokenization import TextTokenizer
from resumebert.data.windows import Windowing
from resumebert.evaluation.decisions import plain_decisions
from resumebert.evaluation.worst_errors import WordWeight
from resumebert.inference.explaining import Explanation, WindowShare, explain_text
from resumebert.inference.scoring import TextScorer
from resumebert.model.pooling import POOLING_NAMES, SCORED_POOLINGS, pooled

LABELS = 3
WORDS = [
    "java",
    "nurse",
    "and",
    "C++",
    "node.js",
    "don't",
    "مرحبا",
    "日本",
    "🙂",
    "Zürich",
    "x" * 40,
]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)


class AddedUp:
    """A model in which each token adds its own number to each label's logit."""

    label_names = ("A", "B", "C")

    def __init__(self, pooling: str = "max", seed: int = 0) -> None:
        draw = torch.Generator().manual_seed(seed)
        self.weights = torch.randn(30_522, LABELS, generator=draw, dtype=torch.float64)
        self.pooling_name = pooling

    def eval(self) -> "AddedUp":
        return self

    def to(self, device: object) -> "AddedUp":
        return self

    def score_windows(self, ids: torch.Tensor, mask: torch.Tensor, lengths: Sequence[int]):
        assert list(lengths) == sorted(mask.sum(dim=1).tolist(), reverse=True)
        logits = (self.weights[ids] * mask[..., None]).sum(dim=1)
        return logits, -logits if self.pooling_name in SCORED_POOLINGS else None

    def pool(self, logits, attention, document, documents):
        return pooled(self.pooling_name, logits, attention, document, documents)


def scorer_of(model: AddedUp, tokenizer: TextTokenizer, strategy: str = "windows") -> TextScorer:
    return TextScorer(model, tokenizer, Windowing(strategy, 16, None))  # type: ignore[arg-type]


def without(scorer: TextScorer, text: str, start: int, end: int) -> np.ndarray:
    """Return the logits of a text whose tokens from one character to another are masked."""
    ids, places = scorer.tokenizer.encode_with_places(text)
    ids[(places[:, 0] < end) & (places[:, 1] > start)] = scorer.tokenizer.mask_id
    windows = scorer.windowing.windows(ids)
    logits, attention = scorer.score_windows(windows)
    document = torch.zeros(len(windows), dtype=torch.int64)
    return scorer.model.pool(logits, attention, document, 1)[0].numpy()


@settings(max_examples=40)
@given(TEXTS, st.sampled_from(POOLING_NAMES), st.integers(0, 3))
def test_a_weight_is_what_the_logit_falls_by(tokenizer, text, pooling, seed):
    scorer = scorer_of(AddedUp(pooling, seed), tokenizer)
    whole = without(scorer, text, 0, 0)
    for column, (windows, words) in enumerate(explain_text(scorer, text, range(LABELS))):
        assert sum(window.share for window in windows) == pytest.approx(1)
        for word in words:
            assert text[word.start : word.end] == word.word
            assert word.word.strip(" .'") == word.word != ""
            after = without(scorer, text, word.start, word.end)
            assert word.weight == pytest.approx(whole[column] - after[column], abs=1e-9)


@pytest.mark.parametrize("strategy", ["windows", "truncate"])
def test_all_words_of_the_deciding_window_are_weighed(tokenizer, strategy):
    text = "we two can see how the old red car goes down our road and up that new hill to him"
    [(windows, words)] = explain_text(scorer_of(AddedUp(), tokenizer, strategy), text, [1])
    [decides] = [window for window in windows if window.share]
    assert (decides.share, len(windows)) == (1, 2 if strategy == "windows" else 1)
    assert [word.word for word in words] == text[decides.start : decides.end].split()


def test_head_and_tail_are_explained(tokenizer):
    text = "java nurse and " * 20
    [(_, words)] = explain_text(scorer_of(AddedUp(), tokenizer, "head_tail"), text, [1])
    starts = [word.start for word in words]
    assert (starts[0], starts[-1]) == (0, len(text) - len("and "))
    assert max(np.diff(starts)) > len(text) / 2


def test_of_many_words_the_strongest_are_found(tokenizer):
    model = AddedUp()
    model.weights[:] = 0
    model.weights[tokenizer.encode(["nurse"]).ids] = 5.0
    model.weights[tokenizer.encode(["java"]).ids] = -3.0
    scorer = TextScorer(model, tokenizer, Windowing("truncate", 512, None))  # type: ignore[arg-type]
    text = "and so on " * 50 + "nurse " + "and so on " * 40 + "java " + "and so on " * 20
    [(_, words)] = explain_text(scorer, text, [0])
    assert len(words) <= 64
    found = {word.word: word.weight for word in words if word.weight}
    assert found == {"nurse": 5.0, "java": -3.0}


def test_which_labels_are_explained(tokenizer):
    model = AddedUp()
    model.weights[:] = torch.tensor([-1.0, -0.1, -2.0])
    labeler = ResumeLabeler(scorer_of(model, tokenizer), plain_decisions(LABELS))
    [nearest] = labeler.explain("java nurse")
    assert (nearest.label, nearest.decided, nearest.threshold) == ("B", False, 0.5)
    assert [each.label for each in labeler.explain("java", ["C", "A"])] == ["C", "A"]
    model.weights[:] = torch.tensor([1.0, -0.1, 2.0])
    assert [(each.label, each.decided) for each in labeler.explain("java nurse")] == [
        ("A", True),
        ("C", True),
    ]
    assert [each.words for each in labeler.explain("")] == [[], []]
    with pytest.raises(UserError, match=r"no such label\. Its labels are A, B, C"):
        labeler.explain("java", ["D"])
    with pytest.raises(TypeError):
        labeler.explain(["java"])  # type: ignore[arg-type]


def test_an_explanation_in_html():
    words = [WordWeight(5, 9, "<ja>", 2.0), WordWeight(10, 15, "nurse", -1.0)]
    words.append(WordWeight(0, 4, "Some", 0.01))
    windows = [WindowShare(0, 9, 0.9), WindowShare(8, 15, 0.1)]
    html = Explanation("Some <ja> nurse", "A<B", 0.25, 0.5, windows, words).to_html()
    assert "<b>A&lt;B</b> is not given: probability 0.25, threshold 0.50" in html
    assert re.sub("<[^>]*>", "", html).endswith("Some &lt;ja&gt; nurse")
    # The strongest has most of its colour; what is next to nothing has none.
    assert re.findall(r'title="([+-][^"]*)">(?:&lt;)?(ja|nurse|Some)', html) == [
        ("+2.00", "ja"), ("-1.00", "nurse"),
    ]  # fmt: skip
    assert 'title="share 0.90"' in html
    assert html == Explanation("Some <ja> nurse", "A<B", 0.25, 0.5, windows, words)._repr_html_()
    assert "<span" not in Explanation("", "A", 0.1, 0.5, [WindowShare(0, 0, 1.0)], []).to_html()
