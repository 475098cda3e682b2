"""Training documents without the labels' own words, so that the rest of a text must tell too.

A résumé mostly names its label: the label is a job title, and titles stand in texts. A model that
is trained on such texts learns to find titles and little else. So some documents, drawn anew each
epoch, are read without them. That is word dropout (Iyyer et al., "Deep unordered composition rivals
syntactic methods for text classification", 2015) of words that are known to give the label away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from resumebert.data.arrays import Ints, Labels, TokenIds
from resumebert.data.cache import get_or_build, load_arrays, save_arrays
from resumebert.data.evidence import Evidence, get_evidence
from resumebert.data.label_words import LEVELS, LabelWords, Level
from resumebert.data.source_code import code_digest
from resumebert.data.tokenization import TextTokenizer, TokenizedTexts


@dataclass(frozen=True)
class MaskedView:
    """The training documents without words of one level.

    Attributes:
        level: which words were taken out.
        share: of the documents that an epoch reads so.
        row: (n,) the place in ``tokens`` of each of the table's documents; -1 of the others.
        tokens: of the training documents.
        evidence: what draws their windows; None: all are alike.
    """

    level: Level
    share: float
    row: Ints
    tokens: TokenizedTexts
    evidence: Evidence | None

    def ids(self, index: int) -> TokenIds:
        """Return the token ids of the training document at a place of the table."""
        return self.tokens[int(self.row[index])]


def drawn_view(views: Sequence[MaskedView], generator: np.random.Generator) -> MaskedView | None:
    """Draw how a document is read: each view with its share, else as it is (None)."""
    drawn = generator.random()
    for view in views:
        if drawn < view.share:
            return view
        drawn -= view.share
    return None


def masked_views(
    shares: Mapping[str, float],
    words: LabelWords,
    texts: Sequence[str],
    labels: Labels,
    train: Ints,
    tokenizer: TextTokenizer,
    *,
    by_evidence: bool,
    seed: int,
    key: Mapping[str, Any] | None,
) -> list[MaskedView]:
    """Return the views of some levels.

    Args:
        shares: level → share of the documents; levels of 0 are left out.
        words: what to take out.
        texts: n documents of the table.
        labels: (n, L), theirs.
        train: positions of the training documents.
        tokenizer: the model's own.
        by_evidence: whether windows are drawn by evidence; it is fitted to the masked texts, where
            titles are no evidence.
        seed: of the evidence.
        key: all that texts, labels and train depend on, as plain JSON; None: without cache.
    """
    row = np.full(len(texts), -1)
    row[train] = np.arange(len(train))
    views = []
    for level in LEVELS:
        if not shares.get(level):
            continue
        own = None
        if key is not None:
            own = {**key, "without": level, "pattern": words.any_label[level].pattern}
        tokens = _tokens(words, level, texts, train, tokenizer, own)
        evidence = None
        if by_evidence:
            evidence = get_evidence(tokens, labels[train], np.arange(len(train)), seed, own)
        views.append(MaskedView(level, shares[level], row, tokens, evidence))
    return views


def _tokens(
    words: LabelWords,
    level: Level,
    texts: Sequence[str],
    train: Ints,
    tokenizer: TextTokenizer,
    key: Mapping[str, Any] | None,
) -> TokenizedTexts:
    def made() -> TokenizedTexts:
        return tokenizer.encode(words.without(level, (texts[i] for i in train.tolist())))

    def build(folder: Path) -> None:
        tokens = made()
        save_arrays(folder, ids=tokens.ids, offsets=tokens.offsets)

    if key is None:
        return made()
    key = {**key, "code": code_digest(_tokens, LabelWords.__module__)}
    arrays = load_arrays(get_or_build("masked", key, build))
    return TokenizedTexts(np.asarray(arrays["ids"]), np.asarray(arrays["offsets"]))
