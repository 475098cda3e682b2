"""Which tokens of a document the model reads: one window of it, or all of it in several."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from resumebert.data.arrays import Ints, TokenIds
from resumebert.data.evidence import Evidence
from resumebert.utils.errors import UserError

Strategy = Literal["truncate", "head_tail", "random_window", "windows"]
STRATEGIES: tuple[str, ...] = get_args(Strategy)

SPECIAL_TOKENS = 2  # [CLS] and [SEP], around each window.
# Sun et al., "How to fine-tune BERT for text classification?" (2019): 128 of 510 from the head.
HEAD_SHARE = 0.25


@dataclass(frozen=True)
class Windowing:
    """How documents longer than a window are read.

    Raises:
        UserError: a value is wrong, or they don't go together.
    """

    # "truncate" reads the first window; "head_tail" the first quarter of a window and the rest from
    # the document's end (Sun et al. 2019); "random_window" trains on one window at a random place,
    # drawn anew each epoch, and evaluates on all; "windows" reads all of the document.
    strategy: Strategy = "truncate"
    max_length: int = 256  # Tokens of a window, [CLS] and [SEP] included.
    # Tokens that neighbouring windows share, so that what one of them cuts in two is whole in the
    # other; None: an eighth of a window.
    stride: int | None = None
    # Of a training batch; where there are more, so many are drawn anew each epoch. None: no bound.
    max_windows_train: int | None = None

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise UserError(
                f"data.long_documents={self.strategy}: choose one of {', '.join(STRATEGIES)}."
            )
        if self.max_length <= SPECIAL_TOKENS:
            raise UserError(f"data.max_length={self.max_length}: it must be 3 or more.")
        if not 0 <= self.overlap <= self.width // 2:
            raise UserError(
                f"data.stride={self.stride}: neighbouring windows can share 0 to {self.width // 2} "
                f"tokens, half of what data.max_length={self.max_length} leaves for text."
            )

    @property
    def width(self) -> int:
        """Tokens of text in a full window."""
        return self.max_length - SPECIAL_TOKENS

    @property
    def overlap(self) -> int:
        """Tokens that neighbouring windows share."""
        return self.width // 8 if self.stride is None else self.stride

    def window_counts(self, lengths: Ints, *, training: bool) -> Ints:
        """Return (n,) windows, 1 or more, of documents of (n,) ``lengths`` tokens.

        Training may draw from them, see :func:`share_out`.
        """
        if not self._reads_all(training):
            return np.ones(len(lengths), dtype=np.int64)
        step = self.width - self.overlap
        return np.maximum(1, -(-(lengths - self.overlap) // step))

    def tokens_read(self, lengths: Ints, *, training: bool) -> Ints:
        """Return (n,) how many tokens of each document are read, those read twice counted once."""
        return lengths if self._reads_all(training) else np.minimum(lengths, self.width)

    def windows(self, ids: TokenIds) -> list[TokenIds]:
        """Return the windows of a document in evaluation, without special tokens."""
        if not self._reads_all(training=False):
            return [self._one_window(ids)]
        return [ids[start:end] for start, end in window_spans(len(ids), self.width, self.overlap)]

    def training_windows(
        self,
        ids: TokenIds,
        count: int,
        generator: np.random.Generator,
        evidence: Evidence | None = None,
    ) -> list[TokenIds]:
        """Draw ``count`` of the windows of a document, in order.

        With ``evidence``, windows that tell more of the labels are likelier.
        """
        if self.strategy == "random_window":
            start = int(generator.integers(max(0, len(ids) - self.width) + 1))
            return [ids[start : start + self.width]]
        if self.strategy != "windows":
            return [self._one_window(ids)]
        spans = window_spans(len(ids), self.width, self.overlap)
        if count < len(spans) and evidence is not None:
            spans = spans[evidence.draw(ids, spans, count, generator)]
        elif count < len(spans):
            spans = spans[np.sort(generator.choice(len(spans), count, replace=False))]
        return [ids[start:end] for start, end in spans]

    def _reads_all(self, training: bool) -> bool:
        return self.strategy == "windows" or (self.strategy == "random_window" and not training)

    def _one_window(self, ids: TokenIds) -> TokenIds:
        if self.strategy == "truncate" or len(ids) <= self.width:
            return ids[: self.width]
        head = round(self.width * HEAD_SHARE)
        return np.concatenate([ids[:head], ids[len(ids) - (self.width - head) :]])


def window_spans(length: int, width: int, stride: int) -> Ints:
    """Cut a document into the fewest windows that share ``stride`` tokens or a few more.

    All windows have one length, rather than being full but for a last one of a few tokens: no token
    is read more often than needed, no window lacks context, and documents of like lengths have
    windows of like lengths, which need no padding in a batch.

    Args:
        length: tokens of the document; 0 has one empty window.
        width: tokens of a window at most.
        stride: tokens that neighbours share at least; at most half of ``width``.

    Returns:
        (windows, 2) first token of each window and the one after its last.
    """
    if length <= width:
        return np.array([[0, length]])
    count = -(-(length - stride) // (width - stride))
    size = -(-(length + (count - 1) * stride) // count)
    starts = np.arange(count) * (length - size) // (count - 1)
    return np.stack([starts, starts + size], axis=1)


def share_out(counts: Ints, limit: int) -> Ints:
    """Share ``limit`` windows out among documents: what each keeps of its own, 1 or more.

    Documents with few windows keep all; the others get equal parts of the rest, give or take one.

    Args:
        counts: (B,) windows of each document, 1 or more.
        limit: windows in all; where it is below B, each document still keeps one.
    """
    limit = max(limit, len(counts))
    if counts.sum() <= limit:
        return counts
    cap = 1
    while np.minimum(counts, cap + 1).sum() <= limit:
        cap += 1
    kept = np.minimum(counts, cap)
    longer = np.flatnonzero(counts > cap)
    kept[longer[: limit - kept.sum()]] += 1
    return kept
