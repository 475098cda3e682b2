"""Log to csv without ever losing what was logged."""

import csv
import io
from pathlib import Path
from typing import Any

import lightning.pytorch.loggers
from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers.csv_logs import ExperimentWriter

from resumebert.utils.durable_files import replacing


class CSVLogger(lightning.pytorch.loggers.CSVLogger):
    """Lightning's logger, whose file is whole at any moment and goes on when a run is resumed.

    Lightning appends to the file, writes it anew in place when a metric is logged for the first
    time, and deletes it when a run is resumed in its own folder.
    """

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """What writes the file; only the first process writes."""
        if self._experiment is None:
            self._experiment = _Writer(self.log_dir)
        return self._experiment


class _Writer(ExperimentWriter):
    def __init__(self, log_dir: str) -> None:
        super().__init__(log_dir)
        path = Path(self.metrics_file_path)
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                rows: Any = list(csv.DictReader(file))
            self.metrics = rows

    def save(self) -> None:
        """Write all rows; a metric that a row lacks is empty there."""
        if not self.metrics:
            return
        names = sorted({name for row in self.metrics for name in row})
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(self.metrics)
        with replacing(Path(self.metrics_file_path)) as file:
            file.write(text.getvalue().encode())

    def _check_log_dir_exists(self) -> None:
        """Keep what is there."""
