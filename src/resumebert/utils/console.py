"""Where the commands print."""

from typing import Any

from rich.console import Console
from rich.text import Text

from resumebert.utils.processes import is_first_process
from resumebert.utils.streams import IN_PLAIN

# Wide enough for a table of metrics. Without a terminal, rich assumes 80.
WIDTH_WITHOUT_TERMINAL = 120


class _Console(Console):
    def render_str(self, text: str, **options: Any) -> Text:
        """Replace what the stream can't show, before rich chooses the width of a column."""
        shown = text.encode(self.encoding, IN_PLAIN).decode(self.encoding)
        return super().render_str(shown, **options)


def make_console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal, or wide enough for our tables in a log file.

    It prints on the first process of a run only. Brackets and colons are printed as they are: they
    may belong to a label's name or a path.
    """
    console = _Console(stderr=stderr, quiet=not is_first_process(), markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH_WITHOUT_TERMINAL
    return console


def duration(seconds: float) -> str:
    """Write seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
