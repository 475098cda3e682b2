"""What people import from resumebert, and what the package says of itself."""

import inspect
import re
import runpy
import subprocess
import sys

import pytest

import resumebert
from helpers import REPOSITORY

HEAVY = ("torch", "numpy", "pandas", "hydra", "omegaconf", "lightning", "transformers", "pyarrow")


def test_importing_the_package_imports_no_library():
    code = f"import sys, resumebert; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_name_is_there_and_documented():
    page = (REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| `(\w+)", page, re.MULTILINE)
    assert sorted(shown) == sorted(resumebert.__all__)
    for name in resumebert.__all__:
        assert getattr(resumebert, name).__doc__, name
        assert name in dir(resumebert)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = resumebert.nothing


def test_the_page_names_what_there_is():
    page = (REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8")
    for place in re.findall(r"\]\(([^)]+)\)", page):
        assert (REPOSITORY / "docs" / place).exists(), place
    rows = "\n".join(line for line in page.splitlines() if line.startswith("|"))
    for name, arguments in re.findall(r"(?<![\w.])(\w+)\(([^)`\"]+)\)`", rows):
        places = (resumebert, resumebert.ResumeLabeler)
        found = [getattr(place, name) for place in places if hasattr(place, name)]
        known = {each for one in found for each in inspect.signature(one).parameters}
        for argument in re.findall(r"(\w+)(?==…|, |$)", arguments):
            assert argument in known, (name, argument)


def test_the_package_run_as_a_command_says_what_there_is(capsys):
    runpy.run_module("resumebert", run_name="__main__")
    said = capsys.readouterr().out
    assert f"resumebert {resumebert.__version__}" in said
    for script in re.findall(r"python (\w+\.py)", said):
        assert (REPOSITORY / script).is_file()
    for module in re.findall(r"python -m ([\w.]+)", said):
        assert (REPOSITORY / "src" / f"{module.replace('.', '/')}.py").is_file()


def test_a_config_is_composed_without_a_command_line(tmp_path):
    config = resumebert.compose(["model=bert_tiny", "seed=3"])
    assert (config.seed, config.data._target_.rpartition(".")[2]) == (3, "ResumeDataModule")
    assert config.output_dir.startswith("outputs/train/")
    assert resumebert.compose(["output_dir=here", "ckpt=x"], name="eval").output_dir == "here"
    with pytest.raises(resumebert.UserError, match=r"holds no train\.yaml"):
        resumebert.compose(folder=tmp_path)
