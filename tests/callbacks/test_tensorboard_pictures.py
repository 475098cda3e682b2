import numpy as np
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from test_averaging import batches

from helpers import TINY_BERT, make_table
from resumebert.callbacks.tensorboard_pictures import TensorBoardPictures, error_texts
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.optimization import adamw


def fit(folder, callback: TensorBoardPictures, epochs: int = 2, logger: bool = True) -> Trainer:
    model = ResumeClassifier(
        TINY_BERT, ["A", "B / <b>"], optimizer=lambda module: adamw(module, lr=1e-2)
    )
    trainer = Trainer(
        accelerator="cpu", max_epochs=epochs, enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False, num_sanity_val_steps=1, callbacks=[callback],
        logger=TensorBoardLogger(folder, name="", version="") if logger else False,
    )  # fmt: skip
    trainer.fit(model, batches(0), batches(1))
    return trainer


def events(folder) -> EventAccumulator:
    found = EventAccumulator(str(folder), {"images": 100, "tensors": 100})
    found.Reload()
    return found


def test_each_validation_has_curves_and_pictures(tmp_path):
    fit(tmp_path, TensorBoardPictures())
    found = events(tmp_path)
    assert set(found.Tags()["images"]) == {"val/confusion", "val/reliability"}
    # Not of the sanity check: two epochs, two validations.
    assert [event.step for event in found.Images("val/confusion")] == [6, 12]
    curves = [tag for tag in found.Tags()["tensors"] if tag.startswith("val/pr/")]
    assert len(curves) == 2


def test_only_the_most_frequent_labels_get_a_curve(tmp_path):
    fit(tmp_path, TensorBoardPictures(max_labels=1), epochs=1)
    assert len([tag for tag in events(tmp_path).Tags()["tensors"] if "/pr/" in tag]) == 1


def test_without_tensorboard_nothing_happens(tmp_path):
    fit(tmp_path, TensorBoardPictures(), epochs=1, logger=False)
    assert not any(tmp_path.iterdir())


def test_texts_are_those_of_the_worst_documents():
    table = make_table(["fine", "bad\n# <script>", "fair"], np.array([[1, 0], [1, 0], [0, 1]]))
    probabilities = np.array([[0.9, 0.1], [0.01, 0.95], [0.4, 0.6]])
    text = error_texts(table, np.arange(3), probabilities, table.labels > 0, 1)
    assert text.startswith("Probabilities of the plain sigmoid, decisions at 0.5")
    assert "    r1\n" in text
    assert "A: 0.010, missed" in text
    assert "B: 0.950, wrongly given" in text
    assert "    # <script>" in text
    assert "fine" not in text
