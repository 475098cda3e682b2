"""Where the commands print."""

from rich.console import Console

# Wide enough for a table of metrics; rich assumes 80 where it can't see a terminal.
WIDTH_WITHOUT_TERMINAL = 120


def make_console() -> Console:
    """Return a console as wide as the terminal, or wide enough for our tables in a log file."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_WITHOUT_TERMINAL)
    return console
