from resumebert.utils.interrupted_runs import LAST, note_origin, runs_so_far


def test_a_run_that_goes_on_with_others_knows_all_of_them(tmp_path):
    runs = [tmp_path / name for name in ("first", "second", "third")]
    for run in runs:
        run.mkdir()
    assert runs_so_far(runs[0]) == runs[:1]
    note_origin(runs[0] / LAST, runs[1])
    note_origin(runs[1] / LAST, runs[2])
    assert runs_so_far(runs[2]) == runs
    # Going on with one's own copy ends, too.
    note_origin(runs[2] / LAST, runs[0])
    assert runs_so_far(runs[2]) == runs
