"""One model for many clients: what waits is labelled a few texts at a time, in one thread."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from resumebert.inference.explaining import Explanation
from resumebert.inference.labeler import Prediction, ResumeLabeler


class BusyError(Exception):
    """So much waits already that nothing more is taken."""


@dataclass(frozen=True)
class _Job:
    text: str
    answer: asyncio.Future[Any]
    # None: label the text. Else explain this label.
    explained: str | None = None


class LabelQueue:
    """A queue before a labeler.

    Texts that wait are labelled together, in the order in which they came. Explanations take some
    eighty times as long, so that they wait until no text does. Who cancels what is returned has it
    taken out of the queue. All methods are for the thread of the event loop.

    Args:
        labeler: used in one thread at a time.
        most_waiting: texts and explanations that may wait.
        texts: that are labelled together.
        characters: of all texts that are labelled together, unless one alone has more.
    """

    def __init__(
        self,
        labeler: ResumeLabeler,
        *,
        most_waiting: int = 64,
        texts: int = 8,
        characters: int = 100_000,
    ) -> None:
        self._labeler = labeler
        self._most_waiting, self._texts, self._characters = most_waiting, texts, characters
        self._to_label: deque[_Job] = deque()
        self._to_explain: deque[_Job] = deque()
        self._is_wanted = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")

    def label(self, text: str) -> asyncio.Future[Prediction]:
        """Return what will be the prediction of a text.

        Raises:
            BusyError: too much waits.
        """
        return self._enqueue(self._to_label, text)

    def explain(self, text: str, label: str) -> asyncio.Future[Explanation]:
        """Return what will be the explanation of one label of a text; errors as for a label."""
        return self._enqueue(self._to_explain, text, label)

    def _enqueue(
        self, jobs: deque[_Job], text: str, explained: str | None = None
    ) -> asyncio.Future[Any]:
        if self.waiting >= self._most_waiting:
            raise BusyError
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        jobs.append(_Job(text, answer, explained))
        self._is_wanted.set()
        return answer

    @property
    def waiting(self) -> int:
        """How many texts and explanations wait."""
        return sum(not j.answer.done() for jobs in (self._to_label, self._to_explain) for j in jobs)

    async def run(self) -> None:
        """Work until this is cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._is_wanted.wait()
                if jobs := self._next():
                    results = await loop.run_in_executor(self._thread, self._work, jobs)
                    for job, result in zip(jobs, results, strict=True):
                        # Its client may have gone meanwhile.
                        if job.answer.done():
                            continue
                        if isinstance(result, Exception):
                            job.answer.set_exception(result)
                        else:
                            job.answer.set_result(result)
                else:
                    self._is_wanted.clear()
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)
            for job in (*self._to_label, *self._to_explain):
                job.answer.cancel()

    def _next(self) -> list[_Job]:
        """Take what is worked on next out of the queue; nothing if nothing waits."""
        jobs: list[_Job] = []
        characters = 0
        while self._to_label and len(jobs) < self._texts:
            job = self._to_label[0]
            characters += len(job.text)
            if jobs and characters > self._characters:
                break
            self._to_label.popleft()
            if not job.answer.done():
                jobs.append(job)
        while not jobs and self._to_explain:
            job = self._to_explain.popleft()
            if not job.answer.done():
                jobs.append(job)
        return jobs

    def _work(self, jobs: Sequence[_Job]) -> Sequence[Any]:
        """Return the result of each job, or the exception that it raised."""
        label = jobs[0].explained
        if label is not None:
            return [_tried(partial(self._explained, jobs[0].text, label))]
        together = _tried(partial(self._labeler.predict, [job.text for job in jobs]))
        if not isinstance(together, Exception):
            return together
        # One text must not spoil the others'.
        alone = [_tried(partial(self._labeler.predict, [job.text])) for job in jobs]
        return [found if isinstance(found, Exception) else found[0] for found in alone]

    def _explained(self, text: str, label: str) -> Explanation:
        [found] = self._labeler.explain(text, [label])
        return found


def _tried(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except Exception as error:
        return error
