"""Where the commands print."""

import logging
import os
import warnings
from typing import Any

from rich.console import Console
from rich.text import Text

from resumebert.utils.processes import is_first_process
from resumebert.utils.streams import IN_PLAIN, without_controls

# Wide enough for a table of metrics. Without a terminal, rich assumes 80.
WIDTH_WITHOUT_TERMINAL = 120


class _Console(Console):
    def render_str(self, text: str, **options: Any) -> Text:
        """Replace what the stream can't or must not show, before rich chooses a column's width."""
        shown = text.encode(self.encoding, IN_PLAIN).decode(self.encoding)
        return super().render_str(without_controls(shown), **options)


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


def warn(console: Console, words: str, style: str = "yellow") -> None:
    """Print what should catch the eye, not broken into lines."""
    console.print(words, style=style, highlight=False, soft_wrap=True)


def quiet_libraries() -> None:
    """Silence what the libraries say about themselves; warnings that matter to a user stay."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Each retry would be told twice; the error at the end says what to do.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    for message in (
        r".*does not have many workers.*",
        r".*smaller than the logging interval.*",
        r".*Checkpoint directory .* exists and is not empty.*",
        r"The dirpath has changed from.*",
        # Where no validation has come yet; at the end it is said.
        r".*could not find the monitored key.*",
        # What changes on resuming is told in our own words.
        r"Be aware that when using `ckpt_path`.*",
        r"The checkpoint was not created with WeightAveraging.*",
        r".*isinstance\(treespec, LeafSpec\).*",
        r".*compute.* method of metric .* was called before the .*update.*",
        r".*lr_scheduler\.step\(\).* before .*optimizer\.step\(\).*",
        r".*Detected call of `lr_scheduler.step.*",
        r".*`training_step` returned `None`.*",
        # They are of all processes' documents already.
        r".*It is recommended to use `self.log\(.*sync_dist=True.*",
    ):
        warnings.filterwarnings("ignore", message=message)
    if not is_first_process():
        warnings.simplefilter("ignore")
