"""The commands, as those who type them have them."""

from commands.conftest import command  # noqa: F401
