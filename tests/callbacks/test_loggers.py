import pytest
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from resumebert.callbacks.loggers import lenient
from resumebert.utils.durable_files import postpone, raising_postponed
from resumebert.utils.errors import UserError


@pytest.mark.parametrize("kind", [CSVLogger, TensorBoardLogger])
def test_a_logger_that_cannot_write_says_so_once_and_goes_on(tmp_path, capsys, kind):
    (tmp_path / "file").touch()
    logger = lenient(kind(tmp_path / "file", name="log", version=""))
    assert isinstance(logger, kind)

    def train():
        with raising_postponed():
            postpone()
            for step in range(3):
                logger.log_metrics({"val/loss": 1.0}, step)
                if kind is TensorBoardLogger:
                    logger.experiment.add_text("words", "text", step)
                logger.save()
            logger.finalize("success")

    with pytest.raises(UserError, match="not everything could be written"):
        train()
    [warning] = capsys.readouterr().err.splitlines()
    assert "the log can't be written (Not a directory), so nothing more is logged" in warning


def test_a_logger_writes_as_before(tmp_path):
    logger = lenient(CSVLogger(tmp_path, name="log", version=""))
    logger.log_metrics({"loss": 1.0}, 0)
    logger.save()
    assert (tmp_path / "log" / "metrics.csv").read_text().splitlines() == ["loss,step", "1.0,0"]
    with pytest.raises(AttributeError):
        logger.log_metrics(None, 0)
