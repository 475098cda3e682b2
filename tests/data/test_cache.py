import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from helpers import LIMIT
from resumebert.data import cache
from resumebert.data.cache import (
    cache_root,
    clear,
    digest_file,
    entry_name,
    get_or_build,
    list_entries,
    load_arrays,
    main,
    save_arrays,
)
from resumebert.utils.errors import UserError

FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RESUMEBERT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RESUMEBERT_CACHE_MAX_GB", raising=False)
    yield
    release()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "cache"


def release():
    """Forget that this process has checked entries, as when it ends."""
    cache._checked.clear()


def age(folder: Path, hours: float) -> None:
    """Have an entry be last used so long ago."""
    os.utime(folder / "entry.json", (time.time() - hours * 3600,) * 2)


def bound(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setenv("RESUMEBERT_CACHE_MAX_GB", str(size / 1e9))


def write(content="x", name="data.txt"):
    def build(folder: Path) -> None:
        (folder / name).write_text(content)

    return build


def never(folder: Path) -> None:
    raise AssertionError("was built again")


def names(root: Path) -> set[str]:
    return {entry.what for entry in list_entries(root)}


def test_builds_once_and_finds_it_whatever_the_order_of_the_key(root):
    first = get_or_build("ids", {"a": 1, "b": "é"}, write("hello"))
    assert first == root / "ids" / entry_name({"b": "é", "a": 1})
    assert get_or_build("ids", {"b": "é", "a": 1}, never) == first
    assert (first / "data.txt").read_text() == "hello"
    entry = json.loads((first / "entry.json").read_text())
    assert entry["key"] == {"a": 1, "b": "é"}
    assert entry["files"] == {"data.txt": [5, zlib.crc32(b"hello")]}
    assert not list(first.parent.glob(".*.tmp"))


def test_other_keys_and_kinds_are_other_entries():
    folders = {get_or_build(kind, {"a": a}, write()) for kind in ("x", "y") for a in (1, "1", 2.5)}
    assert len(folders) == 6


def test_arrays_come_back_memory_mapped(root):
    arrays = {"ids": np.arange(10, dtype=np.int32), "none": np.zeros((0, 3)), "one": np.array(2.0)}
    folder = get_or_build("ids", {}, lambda folder: save_arrays(folder, **arrays))
    loaded = load_arrays(folder)
    assert isinstance(loaded["ids"], np.memmap)
    assert not loaded["ids"].flags.writeable
    for name, array in arrays.items():
        np.testing.assert_array_equal(loaded[name], array)
        assert loaded[name].dtype == array.dtype


def _build_slowly(start, log: Path, results):
    def build(folder: Path) -> None:
        with log.open("a") as stream:
            stream.write("built\n")
        time.sleep(0.4)  # So that the others come meanwhile; nothing depends on it.
        (folder / "data.txt").write_text("x" * 1000)

    start.wait()
    folder = get_or_build("ids", {"a": 1}, build)
    results.put((folder / "data.txt").read_text())


def test_of_several_processes_one_builds(tmp_path):
    start, results, log = FORK.Event(), FORK.Queue(), tmp_path / "log"
    workers = [FORK.Process(target=_build_slowly, args=(start, log, results)) for _ in range(6)]
    for worker in workers:
        worker.start()
    start.set()
    found = [results.get(timeout=LIMIT) for _ in workers]
    for worker in workers:
        worker.join()
    assert found == ["x" * 1000] * 6
    assert log.read_text() == "built\n"


def test_waiting_is_said(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(cache, "_SECONDS_OF_SILENT_WAITING", 0.05)
    begun, said = FORK.Event(), FORK.Event()

    def build(folder: Path) -> None:
        begun.set()
        assert said.wait(LIMIT)

    def say(*words: str, **options: object) -> None:
        print(*words, **options)
        said.set()

    monkeypatch.setattr(cache, "print", say, raising=False)
    workers = [FORK.Process(target=get_or_build, args=("ids", {"a": 1}, build)) for _ in range(2)]
    workers[0].start()
    assert begun.wait(LIMIT)
    workers[1].start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert capfd.readouterr().err.count("Another run is preparing the same data") == 1


def _build_forever(begun):
    def build(folder: Path) -> None:
        (folder / "half").write_text("half")
        begun.set()
        time.sleep(LIMIT)

    get_or_build("ids", {"a": 1}, build)


def test_a_killed_builder_leaves_nothing_to_be_seen(root):
    begun = FORK.Event()
    worker = FORK.Process(target=_build_forever, args=(begun,))
    worker.start()
    assert begun.wait(LIMIT)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    assert list_entries(root) == []
    assert list(root.glob("ids/.*.tmp"))
    folder = get_or_build("ids", {"a": 1}, write())
    assert not (folder / "half").exists()
    assert not list(root.glob("ids/.*.tmp"))


def test_what_a_killed_builder_of_another_entry_left_goes_too(root):
    begun = FORK.Event()
    worker = FORK.Process(target=_build_forever, args=(begun,))
    worker.start()
    assert begun.wait(LIMIT)
    get_or_build("ids", {"a": 2}, write())
    assert list(root.glob("ids/.*.tmp")), "a living builder's folder was removed"
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    get_or_build("ids", {"a": 3}, write())
    assert not list(root.glob("ids/.*.tmp"))


def test_a_failing_build_leaves_nothing_and_its_error_comes_through(root):
    def build(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise FileNotFoundError(2, "No such file", "the source")

    with pytest.raises(FileNotFoundError, match="the source"):
        get_or_build("ids", {"a": 1}, build)
    assert not [path for path in root.rglob("*") if path.name == "half"]
    get_or_build("ids", {"a": 1}, write())


def write_two(folder: Path) -> None:
    save_arrays(folder, ids=np.arange(10))
    write("hello")(folder)


def edit_entry(folder: Path, **changes) -> None:
    entry = json.loads((folder / "entry.json").read_text())
    (folder / "entry.json").write_text(json.dumps(entry | changes))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def put_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = {
    "no entry": lambda folder: (folder / "entry.json").unlink(),
    "not json": lambda folder: (folder / "entry.json").write_text("{"),
    "other json": lambda folder: (folder / "entry.json").write_text("[1]"),
    "deep json": lambda folder: (folder / "entry.json").write_text("[" * 10**6),
    "not text": lambda folder: (folder / "entry.json").write_bytes(b"\xff\xfe"),
    "another's": lambda folder: edit_entry(folder, key={"a": 2}),
    "no list": lambda folder: edit_entry(folder, files=None),
    "shorter list": lambda folder: edit_entry(folder, files={"data.txt": 5}),
    "outside": lambda folder: edit_entry(folder, files={"../../x": 1}),
    "other list": lambda folder: edit_entry(folder, files={"data.txt": [], "ids.npy": "x"}),
    "checksum": lambda folder: edit_entry(folder, files={"data.txt": [5, 1], "ids.npy": [208, 1]}),
    "cut": lambda folder: (folder / "data.txt").write_text("hell"),
    "gone": lambda folder: (folder / "data.txt").unlink(),
    "one more": lambda folder: (folder / "split.npy").touch(),
    "flipped text": lambda folder: flip(folder / "data.txt"),
    "flipped array": lambda folder: flip(folder / "ids.npy"),
    "cut array": lambda folder: (folder / "ids.npy").write_bytes(b"\x93NUMPY"),
    "other dtype": lambda folder: save_arrays(folder, ids=np.arange(10, dtype=np.float64)),
    "folder for a file": lambda folder: put_folder(folder / "data.txt"),
    "folder for the entry": lambda folder: put_folder(folder / "entry.json"),
    "broken link": lambda folder: (
        (folder / "data.txt").unlink(),
        (folder / "data.txt").symlink_to("nowhere"),
    ),
    "empty": lambda folder: [path.unlink() for path in folder.iterdir()],
    "file for the folder": lambda folder: (shutil.rmtree(folder), folder.touch()),
    "link for the folder": lambda folder: (shutil.rmtree(folder), folder.symlink_to("nowhere")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_made_again_with_a_word(root, damage, capfd):
    (root / "x").parent.mkdir(exist_ok=True)
    (root / "x").write_text("x")
    folder = get_or_build("ids", {"a": 1}, write_two)
    release()
    DAMAGES[damage](folder)
    list_entries(root)
    assert get_or_build("ids", {"a": 1}, write_two) == folder
    assert (folder / "data.txt").read_text() == "hello"
    assert load_arrays(folder)["ids"].tolist() == list(range(10))
    [line] = capfd.readouterr().err.splitlines()
    assert f"Warning: the cache's entry {folder} is damaged" in line
    release()
    assert get_or_build("ids", {"a": 1}, never) == folder
    assert capfd.readouterr().err == ""
    assert [path.name for path in folder.parent.iterdir() if path.suffix == ".tmp"] == []


def test_any_byte_that_changes_in_an_entry_is_noticed_or_of_no_matter(root):
    folder = get_or_build("ids", {"a": 1, "what": "x"}, write_two)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    draw = random.Random(0)
    for number in range(120):
        release()
        name = sorted(whole)[number % len(whole)]
        content = bytearray(whole[name])
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        (folder / name).write_bytes(content)
        list_entries(root)
        assert get_or_build("ids", {"a": 1, "what": "x"}, write_two) == folder
        assert (folder / "data.txt").read_bytes() == whole["data.txt"]
        assert (folder / "ids.npy").read_bytes() == whole["ids.npy"]


def test_an_entry_of_before_there_were_checksums_is_used(root):
    folder = get_or_build("ids", {"a": 1}, write_two)
    entry = json.loads((folder / "entry.json").read_text())
    entry["files"] = {name: size for name, (size, _) in entry["files"].items()}
    (folder / "entry.json").write_text(json.dumps(entry))
    release()
    assert get_or_build("ids", {"a": 1}, never) == folder


@pytest.mark.parametrize(
    "changes",
    [{"bytes": "many"}, {"bytes": None}, {"created": "today"}, {"keep": []}, {"key": "x"}],
    ids=str,
)
def test_an_entry_with_odd_values_is_listed(root, changes, capsys):
    edit_entry(get_or_build("ids", {"a": 1}, write_two), **changes)
    main([])
    assert "1 entry" in capsys.readouterr().out


def build_three(root):
    """Make entries of 1,000 bytes, last used in the order b, a, c."""
    for hours, what in ((2, "a"), (3, "b"), (1, "c")):
        age(get_or_build("ids", {"what": what}, write("x" * 1000)), hours)
    release()


def test_the_least_recently_used_go_first(root, monkeypatch):
    build_three(root)
    bound(monkeypatch, 2500)
    get_or_build("ids", {"what": "d"}, write("x" * 1000))
    assert names(root) == {"c", "d"}


def test_a_use_counts(root, monkeypatch):
    build_three(root)
    get_or_build("ids", {"what": "b"}, never)
    bound(monkeypatch, 2500)
    get_or_build("ids", {"what": "d"}, write("x" * 1000))
    assert names(root) == {"b", "d"}


def test_what_is_in_use_kept_or_just_built_stays(root, monkeypatch):
    build_three(root)
    age(get_or_build("corpus", {"what": "kept"}, write("x" * 1000), keep=True), hours=9)
    get_or_build("ids", {"what": "a"}, never)
    bound(monkeypatch, 0)
    d = get_or_build("ids", {"what": "d"}, write("x" * 1000))
    assert names(root) == {"kept", "a", "d"}
    # What a long run has opened can be read to its end.
    mapped = np.memmap(d / "data.txt", mode="r")
    age(d, hours=1)
    get_or_build("ids", {"what": "e"}, write())
    assert names(root) == {"kept", "a", "e"}
    assert bytes(mapped) == b"x" * 1000


def test_the_bound_comes_from_the_environment(root, monkeypatch):
    build_three(root)
    monkeypatch.setenv("RESUMEBERT_CACHE_MAX_GB", "0.0000025")
    get_or_build("ids", {"what": "d"}, write("x" * 1000))
    assert names(root) == {"c", "d"}
    monkeypatch.setenv("RESUMEBERT_CACHE_MAX_GB", "a lot")
    with pytest.raises(UserError, match="RESUMEBERT_CACHE_MAX_GB=a lot"):
        get_or_build("ids", {"what": "e"}, write())


def test_a_cache_that_cannot_be_written_does_not_stop_a_run(tmp_path, root, capsys):
    root.write_text("in the way")
    folder = get_or_build("ids", {"a": 1}, write("hello"))
    assert (folder / "data.txt").read_text() == "hello"
    assert get_or_build("ids", {"a": 1}, never) == folder
    get_or_build("ids", {"a": 2}, write())
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert f"Warning: the cache {root} can't be used" in errors
    with pytest.raises(NotADirectoryError):
        get_or_build("ids", {"a": 1}, write(), keep=True)


def test_a_full_disk_does_not_stop_a_run_that_finds_another(root, capsys):
    def build(folder: Path) -> None:
        if folder.is_relative_to(root):
            raise OSError(28, "No space left on device")
        write("hello")(folder)

    folder = get_or_build("ids", {"a": 1}, build)
    assert (folder / "data.txt").read_text() == "hello"
    assert "No space left" in capsys.readouterr().err
    assert list_entries(root) == []


def test_no_space_anywhere_is_told(root):
    def build(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="Neither the cache"):
        get_or_build("ids", {"a": 1}, build)


def test_the_temporary_folder_goes_with_the_process(tmp_path):
    (tmp_path / "cache").write_text("in the way")
    code = (
        "from resumebert.data.cache import get_or_build\n"
        "print(get_or_build('ids', {}, lambda f: (f / 'x').write_text('x')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT
    )
    assert "resumebert-" in done.stdout
    assert not Path(done.stdout.strip()).parents[1].exists()


def test_digests_tell_contents_and_names_apart(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    (tmp_path / "a" / "y").write_text("2")
    before = digest_file(tmp_path / "a")
    assert digest_file(str(tmp_path / "a")) == before
    assert digest_file(tmp_path / "a" / "x") != digest_file(tmp_path / "a" / "y")
    (tmp_path / "a" / "y").rename(tmp_path / "a" / "z")
    assert digest_file(tmp_path / "a") != before
    with pytest.raises(UserError, match="can't be read"):
        digest_file(tmp_path / "missing")


def test_where_the_cache_is(monkeypatch, tmp_path):
    assert cache_root() == tmp_path / "cache"
    monkeypatch.delenv("RESUMEBERT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_root() == tmp_path / "xdg" / "resumebert"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_root() == Path.home() / ".cache" / "resumebert"


def test_the_command_lists(root, capsys):
    main([])
    assert "0 entries" in capsys.readouterr().out
    get_or_build("ids", {"what": "sample [bold]"}, write("x" * 1234))
    damaged = get_or_build("ids", {"what": "b"}, write())
    (damaged / "entry.json").write_text("{")
    main(["list"])
    shown = capsys.readouterr().out
    assert "sample [bold]" in shown
    assert "1.23 kB" in shown
    assert "(damaged)" in shown
    assert f"2 entries, 1.24 kB of 10.00 GB in {root}" in shown


def test_the_command_clears(root, capsys):
    build_three(root)
    other = get_or_build("other", {"what": "o"}, write("x" * 1000))
    age(next(entry.folder for entry in list_entries(root) if entry.what == "b"), hours=72)
    main(["clear", "--older-than", "2", "ids"])
    assert "Removed 1 entry" in capsys.readouterr().out
    assert names(root) == {"a", "c", "o"}
    main(["clear", "ids"])
    assert "Removed 2 entries" in capsys.readouterr().out
    assert names(root) == {"o"}
    get_or_build("other", {"what": "o"}, never)
    main(["clear"])
    assert "Removed 0 entries" in (out := capsys.readouterr().out)
    assert "Left 1 in use" in out
    age(other, hours=1)
    assert clear(root) == (1, 1000, 0)
    files = [path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert files == []


def test_clearing_takes_leftovers(root):
    (root / "download" / ".abc.0.tmp").mkdir(parents=True)
    (root / "download" / ".abc.0.tmp" / "x").write_text("12345")
    assert clear(root, older_than=1) == (0, 5, 0)
    assert not list(root.glob("download/.*.tmp"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["clear", "nothing"], "nothing of the kind 'nothing': it is empty"),
        (["clear", "--older-than", "soon"], "'soon' is not a number of days"),
        (["clear", "--older-than", "-1"], "-1"),
        (["remove"], "invalid choice"),
    ],
)
def test_the_commands_mistakes_are_told(arguments, words, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code != 0
    errors = capsys.readouterr().err
    assert words in errors
    assert "Traceback" not in errors


def test_the_command_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "resumebert.data.cache", "--help"],
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0
    assert "clear" in done.stdout
    assert done.stderr == ""
