"""Exported folders and manifests that are damaged: refused with a message, or the same as before.

Checkpoints and the cache: ``benchmarks/corruption.py``.
"""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from faults.test_fuzz import damaged, often, said_of
from helpers import LEAN, make_table
from resumebert import ResumeLabeler, UserError
from resumebert.data.split_manifest import read_split, write_split
from resumebert.inference.export import export

TEXTS = ["Java developer, ten years of Spring. " * 9, "Kept servers running", ""]


@pytest.fixture(scope="module", params=["hf", "onnx"])
def exported(request, shared_run, tmp_path_factory) -> Path:
    run = shared_run("predicting", *LEAN, "data.long_documents=windows", "seed=3")
    folder = tmp_path_factory.mktemp("export") / request.param
    export(run, folder, format=request.param, documents=2)
    return folder


@often(40, 250)
def test_a_damaged_export(exported: Path, tmp_path: Path, count: int):
    expected = ResumeLabeler.load(exported, device="cpu").predict_proba(TEXTS)
    files = sorted(path.name for path in exported.iterdir() if path.is_file())
    refused = 0
    for number in range(count):
        draw = random.Random(f"export {number}")
        name = files[number % len(files)]
        copy = tmp_path / "copy"
        shutil.copytree(exported, copy)
        content = (copy / name).read_bytes()
        (copy / name).write_bytes(damaged(content, draw))
        try:
            found = ResumeLabeler.load(copy, device="cpu").predict_proba(TEXTS)
        except UserError as error:
            refused += 1
            said = str(error)
            if str(copy) not in said:
                pytest.fail(f"{name}, damage {number}: {said}")
        else:
            assert np.array_equal(found, expected), (name, number)
        shutil.rmtree(copy)
    # Of the card and of the model in integers nothing is read here.
    assert refused >= 0.5 * count


@often(60, 300)
def test_a_damaged_manifest(tmp_path: Path, count: int):
    table = make_table([f"text {i}" for i in range(40)])
    split = np.array(["train", "val", "test", "train"] * 10)
    path = tmp_path / "split.csv"
    write_split(path, table, split, np.arange(40))
    content = path.read_bytes()
    refused = 0
    for number in range(count):
        path.write_bytes(damaged(content, random.Random(f"manifest {number}")))
        found: list[list[str]] = []
        said = said_of(
            lambda found=found: found.append(read_split(path, table.ids, "a test")[0].tolist())
        )
        assert found == [split.tolist()] if said is None else str(path) in said, (number, said)
        refused += said is not None
    # The column of groups is not read.
    assert refused >= 0.5 * count
