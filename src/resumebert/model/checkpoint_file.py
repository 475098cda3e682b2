"""Write a checkpoint file with a digest of its content; read it only if the digest is right.

The file is PyTorch's zip archive. The archive's comment, at the end of the file, is a SHA-256 of
everything before it. If any byte has changed, the file is refused.
"""

import hashlib
import math
import mmap
import os
import pickle
import re
import types
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import torch

from resumebert.utils.durable_files import replacing
from resumebert.utils.errors import UserError
from resumebert.utils.folders import is_folder

KEY = "resumebert"
# The first format version with a digest. For older files, the archive's CRC-32s are checked.
DIGEST_SINCE = 4
_MARK = b"resumebert sha256 "
_COMMENT = len(_MARK) + hashlib.sha256().digest_size * 2
MAX_VALUES = 2_000_000
MAX_DEPTH = 40


def write_checkpoint(content: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint with its digest to ``path``, replacing the file at once.

    Raises:
        UserError: it can't be written; the earlier file is still there.
    """
    with replacing(path) as file:
        torch.save(content, file)
        # The archive ends with the length of its comment, which is 0 so far.
        file.seek(-2, os.SEEK_END)
        file.write(_COMMENT.to_bytes(2, "little"))
        file.flush()
        with Path(file.name).open("rb") as written:
            digest = hashlib.file_digest(written, "sha256")
        file.write(_MARK + digest.hexdigest().encode())


def read_checkpoint(path: Path, key: str = "ckpt") -> dict[str, Any]:
    """Read a whole checkpoint, tensors on the CPU; nothing in it is executed.

    ``key`` is the config key that the path was given as.

    Raises:
        UserError: there is no such file, it can't be read, its content does not match its digest,
            or it holds more than tensors and plain values.
    """
    if is_folder(path, key):
        raise UserError(
            f"{key}={path}: it is a folder. Give a file, such as a run's checkpoints/last.ckpt."
        )
    try:
        has_digest = _check_file(path)
        content = _load(path)
    except PermissionError as error:
        raise UserError(f"{key}={path}: it can't be opened ({reason_of(error)}).") from error
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path}: the file is not opened, because it holds more than weights and plain values, "
            "or is no checkpoint at all, and unpickling it could run code. Use a checkpoint that "
            "train.py wrote."
        ) from error
    except Exception as error:  # For a damaged archive, PyTorch raises a dozen different kinds.
        raise UserError(
            f"{path}: the file can't be read as a checkpoint ({reason_of(error)}). It is "
            "damaged, cut off, or something else than a checkpoint; use another copy of it."
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: not a checkpoint, but a saved {type(content).__name__}.")
    extras = content.get(KEY)
    version = extras.get("format_version") if isinstance(extras, dict) else None
    if isinstance(version, int) and version >= DIGEST_SINCE and not has_digest:
        raise UserError(
            f"{path}: the file has no digest of its content at its end, so it is damaged, or was "
            "not written by train.py. Use another copy of it."
        )
    return content


def global_step(path: Path) -> int:
    """Return the optimizer step of a checkpoint that this process has just written."""
    return int(_load(path)["global_step"])


def check_plain(value: Any) -> None:
    """Check that a value consists of dictionaries, lists, texts, numbers, flags and None.

    Raises:
        ValueError: it does not, or it is too deep or too large. A part that is referenced several
            times counts each time.
    """
    left = MAX_VALUES
    todo: list[tuple[Any, int]] = [(value, 0)]
    while todo:
        value, depth = todo.pop()
        left -= 1
        if left < 0 or depth > MAX_DEPTH:
            raise ValueError("it holds too many values, or too deep ones")
        if type(value) is dict:
            if not all(type(key) is str for key in value):
                raise ValueError(f"a name is no text: {list(value)[:3]}")
            todo += [(part, depth + 1) for part in value.values()]
        elif type(value) in (list, tuple):
            todo += [(part, depth + 1) for part in value]
        elif type(value) is int and not -(2**63) <= value < 2**63:
            raise ValueError("a number is too large")
        elif value is not None and type(value) not in (str, bool, int, float):
            raise ValueError(f"it holds a {type(value).__name__}")


def is_of(value: Any, hint: Any) -> bool:
    """Tell whether a plain value is of the type of an annotation."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(is_of(value, one) for one in inner)
    if origin is Literal:
        return value in inner
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return type(value) is dict and all(is_of(part, inner[1]) for part in value.values())
    if origin is not None:
        return type(value) is list and all(is_of(part, inner[0]) for part in value)
    if hint is float:
        return type(value) in (int, float) and math.isfinite(value)
    return hint is Any or type(value) is hint


def without_interpolations(value: Any) -> Any:
    """Escape a plain value so that OmegaConf does not replace texts such as ``${oc.env:HOME}``.

    Raises:
        ValueError: a text is ``???``, which OmegaConf takes for a missing value.
    """
    if isinstance(value, dict):
        return {key: without_interpolations(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_interpolations(part) for part in value]
    if value == "???":
        raise ValueError("a value is ???, which means none was given")
    if isinstance(value, str):
        return re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + r"\${", value)
    return value


def reason_of(error: BaseException) -> str:
    """Return the first line of what an error says, or else its kind."""
    lines = (getattr(error, "strerror", None) or str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _load(path: Path) -> Any:
    # PyTorch can't open a path that is not UTF-8, so it gets an open file.
    with path.open("rb") as file:
        return torch.load(file, map_location="cpu", weights_only=True)


def _check_file(path: Path) -> bool:
    """Return whether a file has a digest.

    Raises:
        ValueError: it is damaged, or not an archive of PyTorch.
    """
    if path.stat().st_size == 0:
        raise ValueError("it is empty")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        comment = content[-_COMMENT:]
        has_digest = comment.startswith(_MARK)
        if has_digest:
            digest = hashlib.sha256(memoryview(content)[:-_COMMENT]).hexdigest()
            if comment != _MARK + digest.encode():
                raise ValueError("its content does not match its digest")
    with zipfile.ZipFile(path) as archive:
        # PyTorch does not compress, and compressed data could unpack to any size.
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ValueError("its archive is compressed, which train.py's are not")
        if not has_digest and (bad := archive.testzip()) is not None:
            raise ValueError(f"its content does not match its checksum in {bad}")
    return has_digest
