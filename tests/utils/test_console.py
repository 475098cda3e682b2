import pytest

from resumebert.utils.console import make_console
from resumebert.utils.streams import exit_with_error


def test_control_characters_of_a_name_reach_no_terminal(capsys):
    make_console().print("\x1b]0;title\x07\x9b2J of\ta label")
    with pytest.raises(SystemExit, match="1"):
        exit_with_error("label '\x1b[31m' \r\n is unknown")
    printed = capsys.readouterr()
    assert printed.out.startswith("\\x1b]0;title\\x07\\x9b2J of")
    assert printed.err == "Error: label '\\x1b[31m' \\r\n is unknown\n"


def test_names_with_brackets_and_colons_are_printed_as_they_are(capsys):
    make_console().print("[senior] Developer [/], :smile: Agency")
    assert capsys.readouterr().out == "[senior] Developer [/], :smile: Agency\n"
