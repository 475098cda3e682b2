"""The commands, as those who type them have them."""

from commands.conftest import command, session_folder, shared_run  # noqa: F401
