"""What a checkpoint's config may call: an exact list of our functions, with plain arguments.

A checkpoint may come from anybody. Functions of other packages are called only where whoever opens
it trusts them by name. What would relax safety, go to the network or reach a private function is
asked for on the command line or not at all.
"""

import inspect
import os
import stat
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from resumebert.data import readers, splitting
from resumebert.data.download import is_cached
from resumebert.model import losses
from resumebert.model.checkpoint_file import is_of
from resumebert.utils.errors import UserError
from resumebert.utils.trust import trusted


@dataclass(frozen=True)
class Allowed:
    """Public functions of a module that stand for one another.

    Attributes:
        what: to call them in a message.
        module: that a config finds them in.
        names: of the functions.
        given: number of first arguments that the caller gives, not the config.
    """

    what: str
    module: types.ModuleType
    names: Sequence[str]
    given: int

    @property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """The functions by the name that a config has for each."""
        return {f"{self.module.__name__}.{name}": getattr(self.module, name) for name in self.names}


READERS = Allowed(
    "readers", readers, ("read_documents", "read_resume_corpus", "read_sample", "read_table"), 0
)
SPLITTERS = Allowed(
    "splits",
    splitting,
    ("random_split", "stratified_split", "kfold_split", "predefined_split", "column_split"),
    given=3,
)
LOSSES = Allowed(
    "losses",
    losses,
    ("binary_cross_entropy", "weighted_binary_cross_entropy", "focal", "asymmetric", "zlpr"),
    given=2,
)
HOW_TO_CALL = {"_target_", "_partial_", "_convert_"}
# As conf/data has it.
DATA_MODULE = "resumebert.data.datamodule.ResumeDataModule"
# What stands in a stored config in place of the reader of a table in memory.
IN_MEMORY = "resumebert.data.table.ResumeTable"
# The argument that is computed from the training documents.
COMPUTED = "prevalences"
# Arguments of older versions, and the one value that has no effect.
RETIRED = {"allow_pickle": False}
PATHS = ("path", "labels_file", "manifest")
# What looks like a file here may be a device, or made by the system as it is read.
SYSTEM_FOLDERS = ("/dev", "/proc", "/sys")


def checked_call(
    settings: Any, allowed: Allowed, where: str, trust: Sequence[str] = ()
) -> dict[str, Any]:
    """Check what a config from a file asks to call; return it for Hydra to instantiate.

    ``where`` names the file in a message, as ``ckpt=PATH``. ``trust`` are packages of the user's
    own, of which it may call anything.

    Raises:
        UserError: it asks for anything else than what is allowed.
    """
    functions = allowed.functions
    # What stands in an argument, all but the first, would be called too.
    theirs = {
        target: trusted(target, trust, where, allowed.what)
        for place, target in enumerate(_targets(settings))
        if place > 0 or target not in functions
    }
    try:
        target = settings["_target_"]
        function = theirs[target] if target in theirs else functions[target]
        return _checked_arguments(settings, function, allowed.given, target not in theirs)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise UserError(
            f"{where}: the checkpoint's config can't be used to call one of resumebert's "
            f"{allowed.what} ({error}). Use a checkpoint that train.py wrote, or name the data "
            "yourself: data=table data.path=…"
        ) from error


def checked_data(data: Mapping[str, Any], where: str, trust: Sequence[str] = ()) -> dict[str, Any]:
    """Check what the ``data`` of a config from a file calls; return it for the data module.

    Raises:
        UserError: it calls what it may not, or its corpus would have to be downloaded.
    """
    if data["reader"].get("_target_") == IN_MEMORY:
        raise UserError(
            f"{where}: the model was trained on a table in memory, which the checkpoint does not "
            "hold. Give the documents to evaluate: data=table data.path=…"
        )
    if data.get("_target_", DATA_MODULE) != DATA_MODULE:
        trusted(str(data["_target_"]), trust, where, "data modules")
    reader = checked_call(data["reader"], READERS, where, trust)
    fetches = reader["_target_"].endswith(".read_resume_corpus") and reader.get("path") is None
    if fetches and not is_cached():
        raise UserError(
            f"{where}: the model was trained on the resume_corpus, which is not in this machine's "
            "cache, and is not downloaded because a file says so. Download it with "
            "`python -m resumebert.data.download`, or name the data yourself: data=…"
        )
    return {
        **data,
        "reader": reader,
        "split": checked_call(data["split"], SPLITTERS, where, trust),
        "num_workers": min(data["num_workers"], os.cpu_count() or 1),
    }


def _targets(settings: Any) -> Iterator[str]:
    """Yield all that instantiating some settings would call, those inside of others too."""
    if isinstance(settings, dict):
        if "_target_" in settings:
            yield str(settings["_target_"])
        settings = list(settings.values())
    if isinstance(settings, list):
        for value in settings:
            yield from _targets(value)


def _checked_arguments(
    settings: Mapping[str, Any], function: Callable[..., Any], given: int, is_ours: bool
) -> dict[str, Any]:
    """Return the settings of a call without retired arguments.

    Raises:
        ValueError: they say how it is to be called, or an argument has a value that it can't have.
        TypeError: an argument is none of the function's, or is missing.
    """
    kept = dict(settings)
    if is_ours:
        if settings.get("_partial_") is not True or settings.get("_convert_", "all") != "all":
            raise ValueError("_partial_ must be true, and _convert_ all")
        for name, value in RETIRED.items():
            if kept.pop(name, value) is not value:
                raise ValueError(f"{name} is not for a file to say")
    arguments = {name: value for name, value in kept.items() if name not in HOW_TO_CALL}
    if odd := [name for name in arguments if name.startswith("_")]:
        raise ValueError(f"{odd[0]} is not for a file to say")
    signature = inspect.signature(function)
    computed = {COMPUTED: None} if COMPUTED in signature.parameters else {}
    # The arguments that the caller gives come first.
    first = [None] * given if settings.get("_partial_") else []
    signature.bind(*first, **{**arguments, **computed})
    if is_ours:
        hints = get_type_hints(function)
        for name, value in arguments.items():
            if not is_of(value, hints[name]):
                raise ValueError(f"{name}={str(value)[:60]} is none of its values")
    for name in PATHS:
        if arguments.get(name) is not None:
            _check_path(name, str(arguments[name]))
    return kept


def _check_path(name: str, path: str) -> None:
    """Check that a path from a file leads to a plain file or folder, wherever it is opened from.

    Raises:
        ValueError: it does not.
    """
    # train.py writes whole paths, but for a label file that lies in the folder of the data.
    is_whole = Path(path).is_absolute() and not path.startswith(("//", "\\\\"))
    is_beside = name == "labels_file" and not Path(path).is_absolute()
    if not is_whole and not (is_beside and ".." not in Path(path).parts):
        raise ValueError(f"{name}={path[:200]} is no whole path of this machine")
    real = Path(path).resolve()
    if not real.exists():  # Whoever reads it will say so.
        return
    kind = real.stat().st_mode
    is_special = not (stat.S_ISREG(kind) or stat.S_ISDIR(kind))
    if is_special or any(real.is_relative_to(folder) for folder in SYSTEM_FOLDERS):
        raise ValueError(f"{name}={path[:200]} is no file or folder of data")
