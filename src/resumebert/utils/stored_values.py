"""Plain values from a file that anybody may have made, and their place in an OmegaConf config."""

import re
from typing import Any

MAX_VALUES = 2_000_000
MAX_DEPTH = 40


def check_plain(value: Any) -> None:
    """Check that a value is made of dictionaries, lists, texts, numbers, flags and None alone.

    Raises:
        ValueError: it is not; or it is deeper or larger than any of ours, counted as if it were
            written out, since a part may stand in many places.
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
        elif type(value) is int:
            if not -(2**63) <= value < 2**63:
                raise ValueError("a number is too large")
        elif value is not None and type(value) not in (str, bool, float):
            raise ValueError(f"it holds a {type(value).__name__}")


def without_interpolations(value: Any) -> Any:
    """Return a plain value that OmegaConf gives back as it is.

    A text such as ``${oc.env:HOME}`` would otherwise be replaced when it is read.
    """
    if isinstance(value, dict):
        return {key: without_interpolations(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_interpolations(part) for part in value]
    if isinstance(value, str):
        if value == "???":
            raise ValueError("a value is ???, which means none was given")
        return re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + r"\${", value)
    return value
