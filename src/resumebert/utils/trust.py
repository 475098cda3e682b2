"""Code of the user's own packages: named by a config, and by a checkpoint only where it is trusted.

A checkpoint may come from anybody, and importing a module runs it. So what a checkpoint names is
imported only if whoever opens it has named its package: ``trust=[mylab]``.
"""

import re
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions, requires
from typing import Any

from hydra.utils import get_object

from resumebert.utils.errors import UserError


def packages(trust: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the names of the packages that a user trusts: only the user's own.

    With what comes with Python, or with resumebert, a file could do anything.
    """
    names = (trust,) if isinstance(trust, str) else tuple(trust or ())
    for name in names:
        if not (isinstance(name, str) and name.isidentifier()):
            raise UserError(f"trust={name}: give names of packages, without dots: trust=[mylab].")
        if not _is_own(name):
            raise UserError(
                f"trust={name}: only a package of your own can be trusted. Put a function that "
                f"calls {name} into it, and name that."
            )
    return names


def trusted(target: str, trust: Iterable[str], where: str, what: str) -> Any:
    """Import a function or class of a trusted package that a checkpoint names.

    ``where`` is what to call the checkpoint in a message, ``what`` what to call such things.
    """
    package = target.partition(".")[0]
    if package not in trust:
        if is_dotted(target) and _is_own(package):
            advice = (
                f"If you know the package {package} and who made the checkpoint, allow it to be "
                f"imported: trust=[{package}]"
            )
        else:
            advice = (
                "Use a checkpoint that train.py wrote, or name the data yourself: data=table "
                "data.path=…"
            )
        raise UserError(
            f"{where}: the checkpoint's config asks to call {target}, which is none of "
            f"resumebert's {what}. It is not called. {advice}"
        )
    found = imported(target, where)
    # What a package has imported from elsewhere is not its own.
    if str(getattr(found, "__module__", None)).partition(".")[0] != package:
        raise UserError(f"{where}: {target} is not a function or class of the package {package}.")
    return found


def imported(target: str, where: str) -> Any:
    """Import a function or class by its dotted name."""
    try:
        found = get_object(target)
    except Exception as error:  # Of any kind: the module is the user's.
        raise UserError(
            f"{where}: {target} can't be imported ({str(error).splitlines()[0]}). Install its "
            "package, or put the folder that it is in on PYTHONPATH."
        ) from error
    if not callable(found):
        raise UserError(f"{where}: {target} is neither a function nor a class.")
    return found


def is_dotted(name: object) -> bool:
    """Return whether a name is a dotted one, such as ``mylab.top2``."""
    return isinstance(name, str) and "." in name and all(map(str.isidentifier, name.split(".")))


def _is_own(package: str) -> bool:
    """Return whether a package is not Python's, resumebert's, or one that resumebert requires."""
    if package in sys.stdlib_module_names or package in ("resumebert", "hydra_plugins"):
        return False
    distributions = packages_distributions().get(package, ())
    needed = {re.split(r"[^\w.-]", line)[0] for line in requires("resumebert") or ()}
    return {re.sub("[_.]", "-", name).lower() for name in distributions}.isdisjoint(needed)
