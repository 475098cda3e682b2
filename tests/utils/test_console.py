from resumebert.utils.console import make_console


def test_names_with_brackets_and_colons_are_printed_as_they_are(capsys):
    make_console().print("[senior] Developer [/], :smile: Agency")
    assert capsys.readouterr().out == "[senior] Developer [/], :smile: Agency\n"
