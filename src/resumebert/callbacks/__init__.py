"""Callbacks of the trainer: checkpoints, averaging, pruning, progress, logs."""
