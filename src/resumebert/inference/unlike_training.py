"""What the training documents of a run are like, to mark texts that are unlike them."""

import numpy as np
import numpy.typing as npt

from resumebert.data.datamodule import ResumeDataModule
from resumebert.evaluation.unlike_training import Familiarity, fit_familiarity
from resumebert.inference.scoring import Reading, TextScorer
from resumebert.model.classifier import ResumeClassifier
from resumebert.utils.progress import Phase

# Of each split at most, drawn at random: reading them again takes time.
DOCUMENTS = 500


def familiarity(
    scorer: TextScorer, datamodule: ResumeDataModule, share: float
) -> Familiarity | None:
    """Describe training documents, with limits of validation documents; None if there are none.

    Of documents like these at most ``share`` are marked, in [0, 1); of 0 there is no description.
    """
    model = scorer.model
    if not share or not isinstance(model, ResumeClassifier):
        return None
    train, val = (_some(datamodule.indices(split)) for split in ("train", "val"))
    if not len(train) or not len(val):
        return None
    known, asked = (_read(scorer, datamodule, rows) for rows in (train, val))
    if known.features is None or asked.features is None:
        return None
    return fit_familiarity(
        known.tokens,
        known.features,
        model.bert.config.vocab_size,
        asked.tokens,
        asked.features,
        datamodule.groups[val],
        share,
    )


def _some(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.sort(np.random.default_rng(0).permutation(rows)[:DOCUMENTS])


def _read(scorer: TextScorer, datamodule: ResumeDataModule, rows: npt.NDArray[np.int64]) -> Reading:
    phase = Phase("texts that are like the training's", len(rows), "documents")
    return scorer.read([datamodule.table.texts[row] for row in rows], phase)
