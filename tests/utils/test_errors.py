import errno

import pytest

from resumebert.utils.errors import report_user_errors


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("no room"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 7 bytes.\nMore"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    ],
)
def test_a_lack_of_memory_is_one_message_that_says_what_to_lower(error, capsys, monkeypatch):
    @report_user_errors
    def command():
        raise error

    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("Error: there is not enough memory. Lower data.batch_size")
    assert str(error).partition("\n")[0] in line

    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(type(error)):
        command()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "a/file"),
        PermissionError(errno.EACCES, "Permission denied", "a/file"),
        OSError(errno.EROFS, "Read-only file system", b"a/file"),
        FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
    ],
)
def test_a_disk_that_is_no_use_is_one_message(error, capsys):
    @report_user_errors
    def command():
        raise error

    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("Error: a/" if error.filename else "Error: No usable temporary")
    assert f"{error.strerror}. Make room on the disk" in line


def test_a_missing_file_is_an_error_of_the_code():
    @report_user_errors
    def command():
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "a/file")

    with pytest.raises(FileNotFoundError):
        command()


def test_another_error_is_not_taken_for_a_lack_of_memory():
    @report_user_errors
    def command():
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        command()
