"""The state of a training that Lightning does not save, but that an exact resume needs."""

import random
from typing import Any, TypedDict

import numpy as np
import torch
from torch import Tensor, distributed

from resumebert.model.scores import SplitScores

SCORES = ("index", "logits", "targets")


class TrainingState(TypedDict):
    """Plain values and tensors, so that ``torch.load(weights_only=True)`` opens them.

    Attributes:
        loader: the state of the :class:`resumebert.data.batching.ResumableLoader`.
        random: one entry for each process.
        scores: the scores of the epoch's training batches so far, from all processes; None if there
            are none yet.
    """

    loader: dict[str, int]
    random: list[dict[str, Any]]
    scores: dict[str, Tensor] | None


def collect(loader: dict[str, int], scores: SplitScores, device: torch.device) -> TrainingState:
    """Return the state, on the first process that of all; must be called on all processes."""
    mine = (_random_state(device), _content(scores))
    parts = [mine]
    if distributed.is_available() and distributed.is_initialized():
        gathered: list[Any] | None = None
        if distributed.get_rank() == 0:
            gathered = [None] * distributed.get_world_size()
        distributed.gather_object(mine, gathered)
        parts = gathered or [mine]
    contents = [content for _, content in parts if content is not None]
    return {
        "loader": loader,
        "random": [state for state, _ in parts],
        "scores": {name: torch.cat([content[name] for content in contents]) for name in SCORES}
        if contents
        else None,
    }


def restore(state: TrainingState, scores: SplitScores, device: torch.device) -> None:
    """Restore the random state of each process, and the scores on the first process.

    If the number of processes has changed, the random states are not restored.
    """
    is_parallel = distributed.is_available() and distributed.is_initialized()
    rank = distributed.get_rank() if is_parallel else 0
    if len(state["random"]) == (distributed.get_world_size() if is_parallel else 1):
        _set_random_state(state["random"][rank], device)
    if state["scores"] is not None and rank == 0:
        scores.reset()
        scores.update(*(state["scores"][name].to(device) for name in SCORES))


def _content(scores: SplitScores) -> dict[str, Tensor] | None:
    if not scores.index:
        return None
    return {name: torch.cat(getattr(scores, name)).cpu() for name in SCORES}


def _random_state(device: torch.device) -> dict[str, Any]:
    name, keys, *rest = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state(),
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(np.asarray(keys, dtype=np.int64)), *rest),
        "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
    }


def _set_random_state(state: dict[str, Any], device: torch.device) -> None:
    torch.set_rng_state(state["torch"])
    random.setstate(state["python"])
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    if state["cuda"] is not None and device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"], device)
