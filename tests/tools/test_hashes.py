"""hashes.txt is up to date with what the plain install takes."""

import re

from tools.locks.hashes import LOCK, locked


def test_every_package_of_the_install_has_hashes():
    text = LOCK.read_text(encoding="utf-8").replace(" \\\n", "")
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            pin, *hashes = line.split()
            assert hashes, pin
            assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), pin
            name, _, version = pin.partition("==")
            found[name] = version
    assert found == dict(locked()), "run: python -m tools.locks.hashes"
