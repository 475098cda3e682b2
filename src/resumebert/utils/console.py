"""Where the commands print."""

from typing import Any

from rich.console import Console
from rich.text import Text

from resumebert.utils.processes import is_first_process
from resumebert.utils.streams import IN_PLAIN

# Wide enough for a table of metrics; rich assumes 80 where it can't see a terminal.
WIDTH_WITHOUT_TERMINAL = 120


class _Console(Console):
    def render_str(self, text: str, **options: Any) -> Text:
        """Write out what the stream can't show before the width of a column is chosen."""
        shown = text.encode(self.encoding, IN_PLAIN).decode(self.encoding)
        return super().render_str(shown, **options)


def make_console() -> Console:
    """Return a console as wide as the terminal, or wide enough for our tables in a log file.

    On all processes of a run but the first it is silent. What stands in brackets or between colons
    is printed as it is: it may be a label's name or a path.
    """
    console = _Console()
    width = None if console.is_terminal else WIDTH_WITHOUT_TERMINAL
    return _Console(width=width, quiet=not is_first_process(), markup=False, emoji=False)
