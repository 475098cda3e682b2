import errno

import pandas as pd
import pytest

from resumebert.callbacks.csv_logger import CSVLogger
from resumebert.callbacks.loggers import lenient
from resumebert.utils import durable_files


def logged(folder, *metrics):
    logger = lenient(CSVLogger(folder, name="csv", version=""))
    for step, each in metrics:
        logger.log_metrics(each, step)
        logger.save()
    return pd.read_csv(folder / "csv" / "metrics.csv")


def test_a_metric_that_comes_later_has_a_column(tmp_path):
    frame = logged(tmp_path, (0, {"loss": 0.5}), (9, {"val/f1": 0.75}))
    assert frame.columns.tolist() == ["loss", "step", "val/f1"]
    assert frame.fillna(-1).to_numpy().tolist() == [[0.5, 0, -1], [-1, 9, 0.75]]


def test_a_run_that_is_resumed_in_its_folder_keeps_what_it_logged(tmp_path):
    logged(tmp_path, (0, {"loss": 0.5}), (1, {"loss": 0.25}))
    frame = logged(tmp_path, (1, {"loss": 0.125}), (2, {"val/f1": 0.75}))
    assert frame["step"].tolist() == [0, 1, 1, 2]
    assert frame["loss"].tolist()[:3] == [0.5, 0.25, 0.125]


def test_on_a_full_disk_the_last_whole_file_stays(tmp_path, monkeypatch, capsys):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = logged(tmp_path, (0, {"loss": 0.5}))
    durable_files.postpone()
    monkeypatch.setattr(durable_files.os, "fsync", full)
    after = logged(tmp_path, (1, {"loss": 0.25}), (2, {"val/f1": 0.75}))
    pd.testing.assert_frame_equal(after, before)
    assert "No space left on device" in capsys.readouterr().err
    with pytest.raises(durable_files.UserError), durable_files.raising_postponed():
        pass
