from resumebert.utils.interrupted_runs import LAST, note_origin, runs_so_far


def test_a_run_knows_all_the_runs_that_it_resumes(tmp_path):
    runs = [tmp_path / name for name in ("first", "second", "third")]
    for run in runs:
        run.mkdir()
    assert runs_so_far(runs[0]) == runs[:1]
    note_origin(runs[0] / LAST, runs[1])
    note_origin(runs[1] / LAST, runs[2])
    assert runs_so_far(runs[2]) == runs
    # Runs that resume each other end the search, too.
    note_origin(runs[2] / LAST, runs[0])
    assert runs_so_far(runs[2]) == runs
