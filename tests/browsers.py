"""The browser that some tests drive."""

import shutil

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
IN_A_BROWSER = [
    pytest.mark.skipif(BROWSER is None, reason="no chromium or google-chrome on PATH"),
    pytest.mark.slow,
]
