"""Every command of README and docs runs, on a small stage of the files that it names."""

import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pandas as pd
import pytest

from documents import made
from helpers import LIMIT, REPOSITORY, Command, in_own_process
from resumebert.data.readers import read_sample
from test_docs import commands

TINY = (
    "model=bert_tiny", "data.limit=60", "data.max_length=16", "trainer.max_epochs=1",
    "trainer.accelerator=cpu", "evaluation.report=false", "evaluation.baseline=false",
    "evaluation.unlike_training=0", "evaluation.bootstrap_resamples=0", "data.num_workers=0",
)  # fmt: skip
# What a command says in large is run in small.
SMALLER = {
    "trainer.max_epochs=20": "trainer.max_epochs=3",
    "trainer.max_epochs=10": "trainer.max_epochs=3",
    "data.limit=6000": "data.limit=60",
    "hydra.sweeper.n_trials=40": "hydra.sweeper.n_trials=2",
    "hydra.sweeper.n_trials=60": "hydra.sweeper.n_trials=4",
    "data.max_length=512": "data.max_length=48",
    "data.max_length=128": "data.max_length=48",
}
# What this machine can't be taken to have.
MISSING = {
    "HOST:6379": "a Ray cluster",
    "slurm_gpu": "SLURM",
    "model=bert_base": "weights of the hub",
    "experiment=notebook": "weights of the hub",
}
MODULES = {
    "engine=ray": "ray",
    "launcher=ray": "hydra_plugins.hydra_ray_launcher",
    "submitit": "hydra_plugins.hydra_submitit_launcher",
    "joblib": "hydra_plugins.hydra_joblib_launcher",
    "optuna": "optuna",
    "model/lora": "peft",
    "logger=mlflow": "mlflow",
    "logger=wandb": "wandb",
}
INTERRUPT = ("+callbacks.signal._target_=helpers.SendSignal", "+callbacks.signal.step=3")


def is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def tables(folder: Path) -> None:
    """Write the tables that the pages' commands read."""
    sample = read_sample()
    labels = [
        ";".join(name for name, is_given in zip(sample.label_names, row, strict=True) if is_given)
        for row in sample.labels
    ]
    whole = pd.DataFrame({"id": sample.ids, "text": sample.texts, "labels": labels}).iloc[:240]
    # The columns by which the pages call these things.
    table = whole.assign(
        cv=whole.text,
        name=whole.id,
        C=["train", "train", "val", "test"] * 60,
        L=["A", "B", "A;B"] * 80,
        A=[1, 0, 1] * 80,
        B=[0, 1, 1] * 80,
    )
    table.assign(labels=table.L).to_csv(folder / "F.csv", index=False)
    table.to_parquet(folder / "F.parquet")
    table.drop(columns=["A", "B", "L"]).rename(columns={"C": "split"}).to_parquet(
        folder / "both.parquet"
    )
    mine = table.rename(columns={"A": "Nurse", "B": "Teacher"})
    mine.to_csv(folder / "mine.csv", index=False)
    whole.to_csv(folder / "other.csv", index=False)
    texts = [f"{kind}|worked here {i}" for i in range(60) for kind in ("Nurse", "Driver")]
    (folder / "notes.txt").write_text("\n".join(texts), encoding="utf-8")


def documents(folder: Path, name: str) -> None:
    """Write 60 documents into a folder, or a zip, and their labels beside it."""
    rows = []
    (folder / "made").mkdir()
    for i in range(60):
        (folder / "made" / f"d{i}.txt").write_text(f"Résumé number {i}. " * 12, encoding="utf-8")
        kind = i % 3
        rows.append((f"d{i}.txt", ["A", "B", "A;B"][kind], int(kind != 1), int(kind != 0)))
    listed = pd.DataFrame(rows, columns=["file", "labels", "A", "B"])
    listed.to_csv(folder / ("labels.csv" if name == "resumes" else "F.csv"), index=False)
    if name.endswith(".zip"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            for path in (folder / "made").iterdir():
                archive.write(path, path.name)
        shutil.rmtree(folder / "made")
    else:
        (folder / "made").rename(folder / name)


def corpus(folder: Path) -> None:
    """Write a zip such as that of the resume_corpus."""
    sample = read_sample()
    with zipfile.ZipFile(folder / "resumes_corpus.zip", "w") as archive:
        for i in range(80):
            names = [
                name
                for name, given in zip(sample.label_names, sample.labels[i], strict=True)
                if given
            ]
            archive.writestr(f"resumes_corpus/{i:05}.txt", sample.texts[i])
            archive.writestr(f"resumes_corpus/{i:05}.lab", "\n".join(names))


@pytest.fixture(scope="session")
def runs(shared_run: Callable[..., Path]) -> dict[str, Path]:
    """The runs that the pages call DATE_TIME and OTHER, and an interrupted one."""
    stopped = 128 + 15
    return {
        "DATE_TIME": shared_run("documented", *TINY),
        "OTHER": shared_run("documented_other", *TINY, "seed=8"),
        "INTERRUPTED": shared_run("documented_interrupted", *TINY, *INTERRUPT, code=stopped),
    }


@pytest.fixture
def stage(runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all that the commands name, to type them in."""
    tables(tmp_path)
    for name, run in runs.items():
        shutil.copytree(run, tmp_path / "outputs" / "train" / name)
    (tmp_path / "CVS").mkdir()
    (tmp_path / "CVS" / "one.txt").write_text("Java developer, ten years of Spring.")
    (tmp_path / "CVS" / "two.html").write_text("<p>Network administrator</p>")
    for name in ("mylab", "mylab.parts"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(REPOSITORY / "tests" / "extending"))
    monkeypatch.setenv(
        "PYTHONPATH",
        os.pathsep.join(map(str, [REPOSITORY / "tests", REPOSITORY / "tests/extending"])),
    )
    return tmp_path


def typed(stage: Path, name: str, words: str) -> list[str]:
    """Return the words of a documented command as they are typed here."""
    given = [SMALLER.get(word, word) for word in shlex.split(words, comments=True)]
    if "data=resume_corpus" in given or "experiment=resume_corpus" in words:
        corpus(stage)
        given = [word for word in given if not word.startswith("data.path=")]
        given.append("data.path=resumes_corpus.zip")
    run = stage / "outputs" / "train" / "DATE_TIME"
    given = [f"ckpt={run}" if word in ("ckpt=RUN", "ckpt=PATH") else word for word in given]
    if "data=documents" in given:
        for place in ("F.zip", "FOLDER", "resumes"):
            if f"data.path={place}" in given or f"data.path={place}/" in given:
                documents(stage, place)
    elif name == "train" and "FOLDER/" in words:
        (stage / "FOLDER").mkdir()
        shutil.copy(stage / "F.parquet", stage / "FOLDER" / "resumes.parquet")
    if name != "train":
        return [*given, *(["trainer.accelerator=cpu"] if name == "eval" else [])]
    if any(word in ("ckpt_path=last", "data.split.manifest") for word in given):
        return given
    keys = {word.lstrip("+").partition("=")[0] for word in given}
    if "hparams_search" in keys and "hydra.sweeper.n_trials" not in keys:
        given.append(f"hydra.sweeper.n_trials={4 if 'successive' in words else 2}")
    added = [word for word in TINY if word.partition("=")[0] not in keys]
    if keys & {"model.num_layers", "model.freeze_layers"}:
        # The tiny model has two.
        added.remove("model=bert_tiny")
    if "data=_common" in given:
        added.remove("data.limit=60")
    if "trainer=ddp" in given or "trainer=fsdp" in given:
        added += [] if "trainer.devices" in words else ["trainer.devices=2"]
    return [*given, *added]


def alone(words: list[str]) -> bool:
    """Whether a command starts processes that run it again."""
    return "-m" in words or any(word in ("trainer=ddp", "trainer=fsdp") for word in words)


@pytest.fixture(autouse=True)
def what_it_needs_is_there(name: str, words: str) -> None:
    for word, what in MISSING.items():
        if word in words:
            pytest.skip(f"needs {what}")
    for word, module in MODULES.items():
        if word in words and not is_there(module):
            pytest.skip(f"needs {module}")


FOUND = commands()
AT_ONCE = [(name, words) for name, words in FOUND if name != "app" and "input=-" not in words]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "words"), AT_ONCE)
def test_a_command_of_the_pages_runs(stage: Path, command: Command, name: str, words: str) -> None:
    given = typed(stage, name, words)
    result = in_own_process(stage, name, *given) if alone(given) else command(name, *given)
    assert result.code == 0, result.errors
    assert "Traceback" not in result.errors


@pytest.mark.slow
@pytest.mark.parametrize(("name", "words"), [one for one in FOUND if "input=-" in one[1]])
def test_a_text_goes_in_and_its_labels_come_out(stage: Path, name: str, words: str) -> None:
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / f"{name}.py"), *shlex.split(words, comments=True)],
        cwd=stage, input="Java developer, ten years of Spring.", capture_output=True, text=True,
        timeout=LIMIT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Java_Developer" in done.stdout


@contextmanager
def served(stage: Path, *words: str) -> Iterator[str]:
    """Start app.py on a free port, and yield its address."""
    server = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "app.py"), *words, "port=0"],
        cwd=stage, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        found = (re.search(r"http://\S+", line) for line in server.stdout)
        yield next(one[0] for one in found if one)
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=LIMIT)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "words"), [one for one in FOUND if one[0] == "app"])
def test_the_page_of_the_pages_answers(stage: Path, name: str, words: str) -> None:
    with (
        served(stage, *shlex.split(words, comments=True)) as address,
        httpx.Client(base_url=address, trust_env=False) as client,
    ):
        said = client.post("/label", json={"text": "Java developer"}).json()
    assert len(said["probabilities"]) == 10


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize(("name", "words"), [("curl", "")])
def test_what_curl_asks_is_answered(stage: Path, name: str, words: str) -> None:
    page = (REPOSITORY / "docs" / "page.md").read_text(encoding="utf-8")
    asked = re.findall(r"^(?:\$ )?(curl .*)$", page, re.M)
    assert len(asked) >= 2
    (stage / "cv.pdf").write_bytes(made.letter_spaced(["Java developer", "Spring"], space=0))
    with served(stage, "ckpt=outputs/train/DATE_TIME") as address:
        for line in asked:
            given = shlex.split(line.replace("http://127.0.0.1:8000", address.rstrip("/")))
            done = subprocess.run(
                [*given, "--silent", "--noproxy", "*"], cwd=stage, capture_output=True, text=True
            )
            assert len(json.loads(done.stdout)["probabilities"]) == 10, line


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(("name", "words"), [("train", "-sc install=bash")])
def test_a_shell_completes_the_settings(stage: Path, name: str, words: str) -> None:
    script = f'eval "$({sys.executable} {REPOSITORY}/{name}.py {words})" && complete -p'
    done = subprocess.run(["bash", "-c", script], cwd=stage, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "hydra" in done.stdout
