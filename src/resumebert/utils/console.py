"""Where the commands print."""

from rich.console import Console

from resumebert.utils.processes import is_first_process

# Wide enough for a table of metrics; rich assumes 80 where it can't see a terminal.
WIDTH_WITHOUT_TERMINAL = 120


def make_console() -> Console:
    """Return a console as wide as the terminal, or wide enough for our tables in a log file.

    On all processes of a run but the first it is silent. What stands in brackets or between colons
    is printed as it is: it may be a label's name or a path.
    """
    console = Console()
    width = None if console.is_terminal else WIDTH_WITHOUT_TERMINAL
    return Console(width=width, quiet=not is_first_process(), markup=False, emoji=False)
