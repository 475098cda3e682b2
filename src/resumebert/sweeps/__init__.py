"""Sweeps and searches: each run in its own process, its outcome, and a leaderboard of all runs."""
