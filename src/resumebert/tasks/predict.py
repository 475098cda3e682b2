"""predict.py: a trained model labels new documents."""

import time
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from resumebert.inference.inputs import STDIN, InputOptions, open_input
from resumebert.inference.outputs import STDOUT, check_output, fingerprint, open_output
from resumebert.inference.rows import Columns, label_items
from resumebert.settings.compose import predict_settings
from resumebert.settings.schema import PredictSettings, thawed
from resumebert.utils.console import duration, make_console, quiet_libraries
from resumebert.utils.folders import EXPORTED, checkpoint_file
from resumebert.utils.progress import Counted

# What does not change a row, or is looked at closer.
NO_MATTER = ("ckpt", "input", "output", "overwrite", "trust", "device", "batch_size", "workers")


def predict(config: DictConfig) -> int:
    """Label documents as predict.py does, and return how many rows the output has.

    All that can be told of a mistake is told before PyTorch is loaded.

    Args:
        config: as ``resumebert.compose(overrides, name="predict")`` gives it.

    Raises:
        UserError: a value is wrong, or the input can't be read or the output not be written.
    """
    settings = predict_settings(config)
    check_output(settings.output, settings.format, overwrite=settings.overwrite)
    model = Path(settings.ckpt).expanduser()
    if not (model / EXPORTED).is_file():
        model = checkpoint_file(model)
    Columns((), settings.keep_columns)
    options = {each.name: getattr(settings, each.name) for each in fields(InputOptions)}
    given = open_input(settings.input, InputOptions(**options))
    total = given.count()
    # Imported here, since it loads PyTorch.
    from resumebert.inference.labeler import ResumeLabeler

    quiet_libraries()
    labeler = ResumeLabeler.load(
        model,
        device=settings.device,
        precision=settings.precision,
        batch_size=settings.batch_size,
        trust=settings.trust,
    )
    columns = Columns(
        labeler.label_names, settings.keep_columns, settings.write_text, settings.explain
    )
    command = _command(settings, model)
    overwrite, failed = settings.overwrite, 0
    with (
        open_output(
            settings.output, settings.format, columns, command, overwrite=overwrite
        ) as output,
        closing(given.items(output.done)) as items,
        Counted("documents", total, output.done) as progress,
    ):
        before = output.done
        if before:
            _say(f"{before:,} rows are there already, and are gone on with.")
        try:
            for rows in label_items(labeler, items, columns):
                output.write(rows)
                failed += sum(row["error"] is not None for row in rows)
                progress.add(len(rows))
        except BaseException:
            if settings.output != STDOUT:
                _say(f"Stopped after {output.done:,} rows. The same command goes on from there.")
            raise
    count, seconds = output.done - before, max(progress.seconds, 1e-9)
    for remark in given.remarks:
        _say(remark)
    _say(
        f"{count:,} documents in {duration(seconds)} ({count / seconds:,.1f} a second, "
        f"{labeler.device}), {failed:,} of them with an error."
        + ("" if settings.output == STDOUT else f" {settings.output}: {output.done:,} rows.")
    )
    return output.done


def _command(settings: PredictSettings, model: Path) -> dict[str, Any]:
    """Return what the rows depend on."""
    # What was read of standard input is not there again.
    given = settings.input
    read = str(time.time_ns()) if given == STDIN else fingerprint(given)
    others = {key: thawed(value) for key, value in vars(settings).items() if key not in NO_MATTER}
    return {"ckpt": fingerprint(model), "input": read, **others}


def _say(line: str) -> None:
    make_console(stderr=True).print(line, highlight=False, soft_wrap=True)
