"""predict.py: a trained model labels new documents."""

import time
from contextlib import closing
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from resumebert.inference.distributed import label_with_ray
from resumebert.inference.inputs import STDIN, InputOptions, open_input
from resumebert.inference.outputs import STDOUT, check_output, fingerprint, open_output
from resumebert.inference.rows import Columns, label_items
from resumebert.settings.compose import predict_settings
from resumebert.settings.schema import PredictSettings, thawed
from resumebert.utils.console import duration, make_console, quiet_libraries
from resumebert.utils.errors import UserError
from resumebert.utils.folders import EXPORTED, checkpoint_file
from resumebert.utils.hardware import keep_freed_memory
from resumebert.utils.progress import Phase, showing

# What does not change a row, or is looked at closer.
NO_MATTER = (
    "ckpt", "input", "output", "overwrite", "trust", "device", "batch_size", "workers", "engine",
    "ray_address", "ray_workers",
)  # fmt: skip


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
    opened = partial(open_input, _place(settings), InputOptions(**options))
    given = opened()
    total = given.count()
    # Imported here, since it loads PyTorch.
    from resumebert.inference.labeler import ResumeLabeler

    quiet_libraries()
    load = partial(
        ResumeLabeler.load,
        model.absolute(),
        device=settings.device,
        precision=settings.precision,
        batch_size=settings.batch_size,
        trust=settings.trust,
    )
    keep_freed_memory()
    labeler = load()
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
        showing(make_console(stderr=True)),
        Phase("labelling", total, "documents", done=output.done) as progress,
    ):
        before = output.done
        labelled = label_items(labeler, items, columns)
        if settings.engine == "ray" and total is not None:
            labelled = label_with_ray(
                load,
                opened,
                columns,
                count=total,
                start=before,
                address=settings.ray_address,
                workers=settings.ray_workers,
                gpus=settings.device.startswith("cuda"),
            )
        if before:
            _say(f"{before:,} rows are there already, and are gone on with.")
        try:
            for rows in labelled:
                output.write(rows)
                failed += sum(row["error"] is not None for row in rows)
                progress.add(len(rows))
                speed = (output.done - before) / max(progress.seconds, 1e-9)
                progress.figures = f"{speed:,.1f} documents/s"
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


def _place(settings: PredictSettings) -> str:
    """Return where the input is, as workers on other machines find it too."""
    if settings.engine == "local":
        return settings.input
    if settings.input != STDIN:
        return str(Path(settings.input).expanduser().absolute())
    raise UserError(
        "engine=ray: its workers can't read standard input. Give a file or folder that all "
        "machines see, or engine=local."
    )


def _command(settings: PredictSettings, model: Path) -> dict[str, Any]:
    """Return what the rows depend on."""
    # What was read of standard input is not there again.
    given = settings.input
    read = str(time.time_ns()) if given == STDIN else fingerprint(given)
    others = {key: thawed(value) for key, value in vars(settings).items() if key not in NO_MATTER}
    return {"ckpt": fingerprint(model), "input": read, **others}


def _say(line: str) -> None:
    make_console(stderr=True).print(line, highlight=False, soft_wrap=True)
