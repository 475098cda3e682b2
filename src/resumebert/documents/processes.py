"""Reading documents that nobody vouches for, in processes with limits of time and memory.

A process (``python -m resumebert.documents.processes``) takes one document after the other from its
standard input and answers with JSON, so that nothing it says is run here. It ends itself when a
document takes too long, whatever the libraries in it are doing; then another takes its place.
"""

import contextlib
import faulthandler
import json
import os
import queue
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, TypeAlias

from resumebert.documents.document import Document, Limits
from resumebert.documents.reading import read_document

# A path, or a name and the bytes, or what returns them.
Source: TypeAlias = str | Path | tuple[str, bytes | Callable[[], bytes]]
# Libraries keep memory; after so many documents a fresh process is the remedy.
_DOCUMENTS_PER_PROCESS = 500
# Documents for each process that wait, read or to be read, so that none is idle.
_AHEAD = 4


class DocumentReaders:
    """Processes that read documents; a context manager, which ends them.

    They are started when there is something to read.

    Args:
        workers: how many processes; None: one for each processor.
        seconds: that reading one document may take.
        megabytes: of memory that reading one may take.
        limits: the largest document that is read.
        keep_hidden: whether text that a person can't see stays in the text.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        seconds: float = 60,
        megabytes: int = 2000,
        limits: Limits | None = None,
        keep_hidden: bool = False,
    ) -> None:
        shown = asdict(limits or Limits())
        self._task = {"seconds": seconds, "limits": shown, "keep_hidden": keep_hidden}
        count = workers or os.cpu_count() or 1
        self._processes = [_Process(megabytes) for _ in range(count)]
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        for process in self._processes:
            self._idle.put(process)
        self._pool = ThreadPoolExecutor(count)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.kill()
        self._pool.shutdown()
        for process in self._processes:
            process.end()

    def read(self, sources: Iterable[Source]) -> Iterator[Document]:
        """Yield the documents in the order given; those that fail have an error."""
        pending: deque[Future[Document]] = deque()
        for source in sources:
            pending.append(self.submit(source))
            if len(pending) >= _AHEAD * len(self._processes):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()

    def submit(self, source: Source) -> Future[Document]:
        """Have one document read beside others, and return what it will be."""
        return self._pool.submit(self._read, source)

    def _read(self, source: Source) -> Document:
        name, data = source if isinstance(source, tuple) else (str(source), None)
        try:
            data = data() if callable(data) else data
        except Exception as error:
            return Document(name, error=f"can't be read ({error})")
        process = self._idle.get()
        try:
            return process.read(name, data, self._task)
        finally:
            self._idle.put(process)


def read_documents_safely(sources: Iterable[Source], **settings: Any) -> Iterator[Document]:
    """Read documents in other processes, and yield them in the order given.

    A document that takes too long or too much memory, or that brings its reader down, is one with
    an error, and the others go on. A few documents at a time are in memory.

    Args:
        sources: paths, or pairs of a name and bytes; may be an iterator.
        settings: those of :class:`DocumentReaders`.
    """
    with DocumentReaders(**settings) as readers:
        yield from readers.read(sources)


class _Process:
    """A process that reads documents, started when it is needed."""

    def __init__(self, megabytes: int) -> None:
        self._megabytes = megabytes
        self._process: subprocess.Popen[bytes] | None = None
        self._documents = 0
        self._is_wanted = True

    def read(self, name: str, data: bytes | None, task: dict[str, Any]) -> Document:
        """Return the document, or one with an error if two processes end over it."""
        question = {**task, "name": name, "bytes": None if data is None else len(data)}
        asked = json.dumps(question).encode() + b"\n" + (data or b"")
        # One may have been killed for another reason, such as the memory of the whole machine.
        for _ in range(2):
            if not self._is_wanted:
                break
            began = time.monotonic()
            if answer := self._answer(asked):
                document = json.loads(answer)
                return Document(**{**document, "notes": tuple(document["notes"])})
            if time.monotonic() - began >= task["seconds"]:
                return Document(name, error=f"takes longer than {task['seconds']:g} s to read")
        memory = f"needs more than {self._megabytes:,} MB of memory"
        return Document(name, error=f"{memory} to read, or is damaged so that its reader fails")

    def _answer(self, asked: bytes) -> bytes:
        """Return the answer to a question; none if the process ended over it."""
        process = self._ready()
        with contextlib.suppress(OSError):
            process.stdin.write(asked)
            process.stdin.flush()
            answer: bytes = process.stdout.readline()
            if answer.endswith(b"\n"):
                return answer
        self.end()
        return b""

    def _ready(self) -> Any:
        """Return the process: a running subprocess with pipes."""
        if self._process is None or self._documents >= _DOCUMENTS_PER_PROCESS:
            self.end()
            self._documents = 0
            # -P: no module out of the folder that the command runs in. A session of its own: away
            # from Ctrl+C; the process ends when its input does.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(self._megabytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        self._documents += 1
        return self._process

    def kill(self) -> None:
        """Have the process end, whoever waits for its answer, and start no other."""
        self._is_wanted = False
        if self._process is not None:
            self._process.kill()

    def end(self) -> None:
        """End the process and close its pipes, if there is one."""
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(OSError):
                self._process.communicate()
            self._process = None


def _main() -> None:
    """Answer questions until there are no more."""
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What libraries print must not get among the answers.
    os.dup2(2, 1)
    _limit_memory(int(sys.argv[1]))
    while line := questions.readline():
        question = json.loads(line)
        size = question["bytes"]
        faulthandler.dump_traceback_later(question["seconds"], exit=True)
        source = question["name"] if size is None else questions.read(size)
        document = read_document(
            source,
            name=question["name"],
            limits=Limits(**question["limits"]),
            keep_hidden=question["keep_hidden"],
        )
        faulthandler.cancel_dump_traceback_later()
        answers.write(json.dumps(asdict(document)).encode() + b"\n")
        answers.flush()


def _limit_memory(megabytes: int) -> None:
    """Let this process take so much more memory than it has now, where the system can limit it."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + megabytes * 1024**2
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    _main()
