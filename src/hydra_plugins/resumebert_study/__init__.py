"""``hydra/sweeper=study``: a search with Optuna, where Hydra looks for plugins."""
