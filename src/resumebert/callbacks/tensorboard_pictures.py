"""What TensorBoard shows of each validation besides its scalars: curves, pictures, texts."""

from typing import Any

import numpy as np
import numpy.typing as npt
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from resumebert.charts.curves import Scored, reliability
from resumebert.charts.matrices import confusion, confusion_picture
from resumebert.charts.raster import rasterise
from resumebert.data.table import ResumeTable
from resumebert.model.classifier import ResumeClassifier
from resumebert.utils.durable_files import in_utf8
from resumebert.utils.floats import to_probabilities

THRESHOLD = 0.5
TEXT_SHOWN = 1_500
BEFORE_TUNING = (
    "Probabilities of the plain sigmoid, decisions at 0.5: calibration and thresholds are fitted "
    "when training has ended, and are in report.html."
)
# (is true, is given) → in words.
VERDICTS = {(True, True): "right", (True, False): "missed", (False, True): "wrongly given"}


class TensorBoardPictures(Callback):
    """Log the PR curve of each label, confusion, reliability and the worst errors' texts.

    It does so after each validation of a fit, if there is a TensorBoard logger. The scores are of
    the plain sigmoid at 0.5: thresholds and calibration are chosen when training has ended.

    Args:
        examples: number of texts; 0: no text is in the log.
        max_labels: PR curves and confusion are of this many labels at most, the most frequent.
    """

    def __init__(self, examples: int = 3, max_labels: int = 30) -> None:
        self.examples = examples
        self.max_labels = max_labels

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log a validation's pictures and texts."""
        assert isinstance(pl_module, ResumeClassifier)
        scores = pl_module.scores.get("val")
        if trainer.sanity_checking or trainer.state.fn != "fit" or not trainer.is_global_zero:
            return
        if scores is None or len(scores.index) == 0:
            return
        names, step = pl_module.label_names, trainer.global_step
        probabilities = to_probabilities(scores.logits).cpu().numpy()
        truth = scores.targets.cpu().numpy() > 0
        table = getattr(getattr(trainer, "datamodule", None), "table", None)
        for logger in trainer.loggers:
            if not isinstance(logger, TensorBoardLogger):
                continue
            writer = logger.experiment
            _log_pictures(writer, step, names, probabilities, truth, self.max_labels)
            if table is not None and self.examples:
                index = scores.index.cpu().numpy()
                text = error_texts(table, index, probabilities, truth, self.examples)
                writer.add_text("val/worst errors", in_utf8(text), step)


def _log_pictures(
    writer: Any,
    step: int,
    label_names: list[str],
    probabilities: npt.NDArray[np.float64],
    truth: npt.NDArray[np.bool_],
    max_labels: int,
) -> None:
    """Write PR curves, the confusion of labels at 0.5, and the reliability of all pairs."""
    kept = np.sort(np.argsort(-truth.sum(axis=0), kind="stable")[:max_labels])
    for column in kept.tolist():
        if truth[:, column].any():
            tag = f"val/pr/{label_names[column]}"
            writer.add_pr_curve(tag, truth[:, column], probabilities[:, column], step)
    names = [label_names[column] for column in kept]
    found = confusion(truth[:, kept], probabilities[:, kept] >= THRESHOLD)
    title = "Missed labels (rows) by what was wrongly given (columns); at 0.5, before tuning"
    picture = rasterise(confusion_picture(found, names), title)
    writer.add_image("val/confusion", picture, step, dataformats="HWC")
    every = probabilities.ravel()
    chart = reliability(Scored("all labels", truth.ravel(), plain=every, calibrated=every))
    assert chart is not None
    picture = rasterise(chart, "Reliability of all labels, before calibration", scale=2.5)
    writer.add_image("val/reliability", picture, step, dataformats="HWC")


def error_texts(
    table: ResumeTable,
    index: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float64],
    truth: npt.NDArray[np.bool_],
    count: int,
) -> str:
    """Return Markdown of the ``count`` documents whose truth is least likely.

    ``index`` (n,) are positions in the table; probabilities and truth are (n, L).
    """
    likely = np.where(truth, probabilities, 1 - probabilities)
    costs = -np.log(np.maximum(likely, 1e-12)).sum(axis=1)
    parts = [BEFORE_TUNING]
    for row in np.argsort(-costs, kind="stable")[:count].tolist():
        position = int(index[row])
        pairs = zip(truth[row].tolist(), probabilities[row].tolist(), strict=True)
        verdicts = [(p, VERDICTS.get((is_true, p >= THRESHOLD))) for is_true, p in pairs]
        # Indented, so that Markdown takes nothing in them for its own.
        lines = [
            f"    {name}: {p:.3f}, {verdict}"
            for name, (p, verdict) in zip(table.label_names, verdicts, strict=True)
            if verdict
        ]
        text = "\n".join(f"    {line}" for line in table.texts[position][:TEXT_SHOWN].splitlines())
        parts.append(f"**Document**\n\n    {table.ids[position]}\n" + "\n".join(lines))
        parts.append(text)
    return "\n\n".join(parts)
