"""ResumeTable: what every reader returns and everything after it works on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class ResumeTable:
    """Résumés with their labels, in the order of their source.

    Attributes:
        ids: n unique, non-empty strings.
        texts: n texts, as found in the source (cleaning comes later).
        labels: (n, L) array of 0 and 1, dtype uint8. A row may be all 0: a résumé without a label.
        label_names: L unique names, in the order of the columns of ``labels``.
        rows: (n,) int64, the row of the source each résumé came from, counted as a person counts
            (the first résumé is row 1, a header line is not counted).
        source: what to call the source in a message: a path, or "the embedded sample".
    """

    ids: Sequence[str]
    texts: Sequence[str]
    labels: npt.NDArray[np.uint8]
    label_names: Sequence[str]
    rows: npt.NDArray[np.int64]
    source: str

    def __len__(self) -> int:
        return len(self.ids)

    def select(self, index: npt.NDArray[np.integer]) -> "ResumeTable":
        """Return the résumés at ``index`` (k integers), in that order."""
        return ResumeTable(
            ids=[self.ids[i] for i in index],
            texts=[self.texts[i] for i in index],
            labels=self.labels[index],
            label_names=self.label_names,
            rows=self.rows[index],
            source=self.source,
        )
