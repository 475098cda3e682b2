"""The settings of a command: composed, checked, resolved and frozen once."""
