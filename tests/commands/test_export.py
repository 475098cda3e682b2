"""export.py, and what goes on from the folders that it writes."""

import re

import pytest
import torch
from safetensors.torch import load_file

from helpers import LEAN, REPOSITORY, Command
from resumebert import ResumeLabeler
from resumebert.model.checkpoint_file import read_checkpoint

TRAINED = REPOSITORY / "tests" / "fixtures" / "format_3"


def test_an_export_is_trained_on(command: Command, tmp_path):
    result = command("export", f"ckpt={TRAINED}", "output=models/mine", "documents=7")
    assert result.code == 0, result.errors
    assert "on 7 documents" in result.output
    assert re.search(r"\b0 of 70 decisions differ", result.output)
    assert "Exported to models/mine" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["models"]
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["mine"]

    # So small a rate changes nothing: the head is that of the export.
    result = command(
        "train", *LEAN, "model.random_config=null", "model.path=models/mine",
        "optimizer.lr=1e-30", "output_dir=run",
        "hydra.run.dir=run", "data.limit=null", "trainer.limit_train_batches=2",
        "trainer.max_epochs=1",
    )  # fmt: skip
    assert result.code == 0, result.errors
    assert "goes on from the head of" in result.output
    weights = read_checkpoint(tmp_path / "run" / "checkpoints" / "best.ckpt")["state_dict"]
    before = load_file(tmp_path / "models" / "mine" / "model.safetensors")
    assert torch.equal(weights["bert.classifier.weight"], before["classifier.weight"])


# What it writes is looked at in tests/inference/test_exporting.py.
@pytest.mark.slow
def test_an_export_for_onnx_runtime(command: Command, tmp_path):
    result = command("export", f"ckpt={TRAINED}", "output=mine", "format=onnx", "documents=7")
    assert result.code == 0, result.errors
    for name in ("model.onnx", "model_int8.onnx"):
        assert f"{name}: on 7 documents" in result.output
    # What the exporter has to say of itself is held back.
    assert result.errors == ""
    assert "torch.onnx" not in result.output
    assert ResumeLabeler.load(tmp_path / "mine").predict([""])[0].windows


@pytest.mark.parametrize("flag", ["--help", "--cfg job"])
def test_it_tells_its_settings(command: Command, flag):
    result = command("export", *flag.split(), "ckpt=x", "output=y")
    assert result.code == 0
    assert "format: hf" in result.output
