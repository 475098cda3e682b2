"""The commands as functions of a config."""
