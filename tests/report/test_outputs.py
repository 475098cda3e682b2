import io
import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from rich.console import Console

from resumebert.model.resuming import says_how_to_go_on
from resumebert.report.console import say_where
from resumebert.sweeps.stopping import how_to_go_on
from resumebert.utils.interrupted_runs import LAST
from resumebert.utils.interruption import Interruption

FOLDERS = ["plain", "my runs/a=b,[c] 'd'", 'x"y\\z/{é},(7)', "7"]


def values(line: str) -> list[object]:
    """Return the values of the settings in a command, as a shell and Hydra read them."""
    typed = [word for word in shlex.split(line) if "=" in word]
    return [OverridesParser.create().parse_override(word).value() for word in typed]


@pytest.mark.parametrize("name", FOLDERS)
def test_printed_commands_can_be_pasted(tmp_path, monkeypatch, name):
    folder = tmp_path / name
    (folder / LAST).parent.mkdir(parents=True)
    (folder / LAST).touch()
    monkeypatch.chdir(tmp_path)
    output = io.StringIO()
    console = Console(file=output, width=30, markup=False, emoji=False)
    say_where(console, folder, seconds=1)
    with pytest.raises(Interruption), says_how_to_go_on(folder, console):
        raise Interruption(15)
    again, go_on = (line for line in output.getvalue().splitlines() if "python" in line)
    assert values(again.partition(":")[2]) == [name]
    assert values(go_on) == [f"{name}/{LAST}"]
    assert values(how_to_go_on(name).partition("with ")[2].removesuffix(".")) == [name]
