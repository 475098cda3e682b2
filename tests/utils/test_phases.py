"""What a command is at is shown: bars in a terminal, lines elsewhere, nothing in a notebook."""

import io
import time

import pytest
from rich.console import Console

from resumebert.utils import progress
from resumebert.utils.progress import Phase, showing, steps


def console(**options) -> Console:
    return Console(file=io.StringIO(), width=120, **options)


def lines(where: Console) -> list[str]:
    return where.file.getvalue().splitlines()


def test_lines_name_the_phases_how_far_and_how_long():
    where = console()
    with showing(where, 0.0), Phase("report"), Phase("scoring", 4, "documents", done=1) as inner:
        inner.figures = "loss 0.5"
        inner.add()
        assert lines(where)[-1] == "report: scoring  2/4 documents  loss 0.5  about 0:00 left"
    assert "so far" not in lines(where)[-1]


def test_lines_come_seldom():
    where = console()
    with showing(where):
        assert [item for _ in range(50) for item in steps("ab", "letters", "letters")]
    assert lines(where) == []


def test_a_step_that_takes_long_is_not_silent():
    where = console()
    with showing(where, 0.1), Phase("sorting"):
        time.sleep(2.5)
    assert len(lines(where)) >= 1
    assert all(line.startswith("sorting  0:0") and "so far" in line for line in lines(where))


def test_a_bar_each_in_a_terminal_and_they_are_gone_afterwards():
    where = console(force_terminal=True, force_interactive=True)
    with showing(where):
        with Phase("outer", 2, "things") as outer:
            with Phase("inner", 3) as inner:
                inner.add(2)
                outer.add()
                outer._started -= 1
                assert progress._display is not None
                bars = progress._display._bars
                assert [task.description for task in bars.tasks] == ["outer", "inner"]
                assert [task.completed for task in bars.tasks] == [1, 2]
            assert [task.description for task in bars.tasks] == ["outer"]
        assert progress._display._bars is None
    assert progress._display is None


@pytest.mark.parametrize("terminal", [False, True])
def test_an_error_ends_all_that_is_shown(terminal):
    where = console(force_terminal=terminal)

    def fail() -> None:
        with showing(where, 0.0):
            for item in steps([1, 2], "items", "items"):
                with Phase("inner"):
                    raise ZeroDivisionError(item)

    with pytest.raises(ZeroDivisionError):
        fail()
    before = lines(where)
    with Phase("later", 1, "things") as later:
        later.add()
    assert lines(where) == before


def test_a_decorated_function_is_a_phase():
    where = console()

    @Phase("doubling")
    def double(number: int) -> int:
        with Phase("twice", 1, "times") as inner:
            inner.add()
        return 2 * number

    assert double(2) == 4
    with showing(where, 0.0):
        assert double(3) == 6
    assert lines(where)[0].startswith("doubling: twice  1/1 times")


def test_within_another_the_time_between_lines_may_be_shorter():
    where = console()
    quick = showing(console(), 0.0)
    with showing(where), Phase("command"), quick, Phase("training", 2, "steps") as training:
        training.add()
    assert lines(where)[-1].startswith("command: training  1/2 steps")
