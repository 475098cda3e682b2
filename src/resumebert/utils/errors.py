"""The one exception for a user's mistake."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any


class UserError(Exception):
    """A mistake that the user can mend.

    The message is one paragraph: what is wrong, where (file, row, key), and what to do. It is
    printed without a traceback by :func:`report_user_errors`, and the process exits with 1.
    """


def report_user_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate an entry point: print a :class:`UserError` plainly and exit with 1."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except UserError as error:
            print(f"Error: {error}", file=sys.stderr)
            sys.exit(1)

    return wrapper
