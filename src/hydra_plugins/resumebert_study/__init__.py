"""``hydra/sweeper=study``: a search with Optuna, in the place where Hydra looks for plugins."""
