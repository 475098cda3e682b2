"""Cells of a csv that a spreadsheet takes for text, not for formulas, and how to read them back."""

import re

# What may run as a formula: https://owasp.org/www-community/attacks/CSV_Injection.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9.,]+(?:[eE][+-]?[0-9]+)?%?")


def escaped(text: str) -> str:
    """Return a text that a spreadsheet takes for none of its formulas: with ``'`` before it."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unescaped(text: str) -> str:
    """Return the text of which :func:`escaped` made this one."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
