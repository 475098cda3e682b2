"""predict.py engine=ray: documents labelled by workers of a Ray cluster, rows in input order.

The input is cut into parts of consecutive documents. Each worker, which loads the model once, reads
and labels a part at a time, so that neither texts nor rows are ever together in one memory. Ray
restarts a worker that dies, and gives its part to another. All machines must see the checkpoint and
the input under the same paths.
"""

import json
import logging
import math
import os
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from typing import Any

from resumebert.inference.inputs import Input, Item
from resumebert.inference.rows import TEXTS, Columns, Row, label_items
from resumebert.utils.errors import UserError

Opener = Callable[[], Any]


class _Worker:
    """Reads and labels parts of an input."""

    def __init__(
        self, open_labeler: Opener, given: Callable[[], Input], columns: Columns, start: int
    ) -> None:
        self._labeler, self._given = open_labeler(), given()
        self._columns, self._start = columns, start
        self._items: Generator[Item, None, None] | None = None
        self._at = -1

    def __call__(self, parts: dict[str, Any]) -> dict[str, list[str]]:
        """Return the rows of parts, which are numbers, as JSON."""
        found = []
        for part in parts["id"].tolist():
            first = self._start + part * TEXTS
            if self._items is None or self._at != first:
                # Elsewhere than after the last part: read up to there.
                if self._items is not None:
                    self._items.close()
                self._items = self._given.items(first)
            items = islice(self._items, TEXTS)
            rows = [
                row for rows in label_items(self._labeler, items, self._columns) for row in rows
            ]
            self._at = first + len(rows)
            found.append(json.dumps(rows, default=str))
        return {"rows": found}


def label_with_ray(
    open_labeler: Opener,
    given: Callable[[], Input],
    columns: Columns,
    *,
    count: int,
    start: int = 0,
    address: str | None = None,
    workers: int | None = None,
    gpus: bool = False,
) -> Iterator[list[Row]]:
    """Yield the rows of the documents from ``start`` on, in order, some at a time.

    ``open_labeler`` and ``given`` open model and input on a worker's machine. ``address`` is
    HOST:PORT or ``auto``; None: a cluster of this machine alone, which ends with this. ``workers``
    None: one for each two processors of the cluster. ``gpus``: each worker has one to itself.
    """
    if start >= count:
        return
    ray = _connected(address)
    try:
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        # A part may take as long as it takes.
        context.execution_no_progress_timeout_s = -1
        processors = int(ray.cluster_resources().get("CPU", 1))
        workers = workers or max(1, processors // 2)
        parts = math.ceil((count - start) / TEXTS)
        rows = ray.data.range(parts, override_num_blocks=parts).map_batches(
            _Worker,
            batch_size=1,
            fn_constructor_args=(open_labeler, given, columns, start),
            compute=ray.data.ActorPoolStrategy(size=min(workers, parts)),
            num_cpus=0 if gpus else _share(processors, workers),
            num_gpus=1 if gpus else 0,
        )
        for part in rows.iter_rows():
            yield json.loads(part["rows"])
    except (ray.exceptions.RayError, ray.data.exceptions.RayDataUserCodeException) as error:
        reason = str(error).strip().splitlines()[-1]
        raise UserError(
            f"engine=ray: a worker failed ({reason}). Check that all machines see the checkpoint "
            "and the input under the same paths, and have this package installed."
        ) from error
    finally:
        if address is None:
            ray.shutdown()


def _share(processors: int, workers: int) -> float:
    """Return the processors of each worker: one remains for Ray's own tasks."""
    share = max(1, processors - 1) / workers
    # Ray knows parts of one processor, and whole ones.
    return round(share * 0.99, 2) if share <= 1 else int(share)


def _connected(address: str | None) -> Any:
    """Return Ray, connected to a cluster."""
    # Nothing is reported to Ray's makers, and what it says of itself is for its own log files.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        import ray.data
    except ImportError:
        raise UserError(
            "engine=ray: Ray is not installed: pip install 'resumebert[ray]'. Or leave it at "
            "engine=local."
        ) from None
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if ray.is_initialized():
        return ray
    try:
        ray.init(
            address=address or "local",
            include_dashboard=None if address else False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UserError(
            f"ray_address={address}: no Ray cluster answers there ({str(error).splitlines()[0]}). "
            "Start one with ray start --head, or leave the key out for one of this machine alone."
        ) from error
    return ray
