import pytest
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from resumebert.charts.history import MAX_TRAIN_POINTS, history_pictures
from resumebert.report import Curve, read_history

LOGGED = [(9, {"train/loss": 0.5, "val/loss": 0.25}), (19, {"train/loss": 0.25, "other": 1.0})]


@pytest.mark.parametrize("kind", [TensorBoardLogger, CSVLogger])
def test_what_was_logged_is_read_back(kind, tmp_path):
    name = "tensorboard" if kind is TensorBoardLogger else "csv"
    logger = kind(tmp_path, name=name, version="")
    for step, values in LOGGED:
        logger.log_metrics(values, step)
    logger.save()
    curves = {curve.name: curve for curve in read_history([tmp_path])}
    assert set(curves) == {"train/loss", "val/loss"}
    assert list(curves["train/loss"].steps) == [9, 19]
    assert list(curves["train/loss"].values) == pytest.approx([0.5, 0.25])


def test_a_resumed_training_has_one_history_and_each_step_once(tmp_path):
    runs = [tmp_path / "first", tmp_path / "second"]
    for run, steps in zip(runs, [(9, 19, 29), (19, 29, 39)], strict=True):
        logger = TensorBoardLogger(run, name="tensorboard", version="")
        for step in steps:
            logger.log_metrics({"train/loss": step if run == runs[0] else -step}, step)
        logger.save()
    [curve] = read_history(runs)
    assert list(curve.steps) == [9, 19, 29, 39]
    assert list(curve.values) == [9, -19, -29, -39]


def test_a_run_that_logged_nothing_has_no_history(tmp_path):
    assert read_history([tmp_path]) == []
    assert history_pictures([]) == []


def test_long_curves_are_averaged_and_the_largest_rate_stands_for_all():
    steps = list(range(1000))
    history = [
        Curve("train/loss", steps, [1.0] * 1000),
        Curve("lr-AdamW/pg1", [0, 9], [1e-5, 0.0]),
        Curve("lr-AdamW/pg2", [0, 9], [1e-4, 0.0]),
        Curve("val/f1_micro", [5], [0.5]),
    ]
    pictures = {title: (picture, legend) for title, picture, legend in history_pictures(history)}
    assert set(pictures) == {"Loss", "F1", "Learning rate"}
    assert pictures["Learning rate"][1] == [("lr-AdamW/pg2", "model")]
    assert str(pictures["Loss"][0]).count("L") <= MAX_TRAIN_POINTS
