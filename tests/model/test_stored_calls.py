"""What a checkpoint's config may call, and with what."""

import os
import pickle

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from helpers import REPOSITORY
from resumebert.data.cache import get_or_build
from resumebert.data.download import SHA1, URL
from resumebert.model.stored_calls import (
    LOSSES,
    READERS,
    SPLITTERS,
    checked_call,
    checked_data,
)
from resumebert.utils.errors import UserError

CONF = REPOSITORY / "conf"
TABLE = {
    "_target_": "resumebert.data.readers.read_table",
    "_partial_": True,
    "_convert_": "all",
    "path": "/no/such/file.csv",
    "labels_column": "labels",
}
STRATIFIED = {
    "_target_": "resumebert.data.splitting.stratified_split",
    "_partial_": True,
    **{"train": 0.8, "val": 0.1, "test": 0.1},
}


def stored(*overrides: str) -> dict:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", ["output_dir=/somewhere", *overrides])
    return OmegaConf.to_container(config, resolve=True)


def refusal(settings, allowed=READERS) -> str:
    with pytest.raises(UserError) as caught:
        checked_call(settings, allowed, "ckpt=x.ckpt")
    message = str(caught.value)
    assert message.startswith("ckpt=x.ckpt: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("loss", sorted(path.stem for path in (CONF / "loss").glob("*.yaml")))
def test_every_loss_of_ours_may_be_called(loss):
    config = stored(f"loss={loss}")
    assert callable(instantiate(checked_call(config["loss"], LOSSES, "ckpt=x")))


@pytest.mark.parametrize("split", sorted(p.stem for p in (CONF / "data/split").glob("*.yaml")))
def test_every_split_of_ours_may_be_called(split):
    extra = ["data.split.manifest=/no/split.csv"] if split == "predefined" else []
    config = stored(f"data/split={split}", *extra)
    assert callable(instantiate(checked_call(config["data"]["split"], SPLITTERS, "ckpt=x")))


@pytest.mark.parametrize(
    "data", sorted(p.stem for p in (CONF / "data").glob("*.yaml") if p.stem[0] != "_")
)
def test_every_reader_of_ours_may_be_called(data, tmp_path):
    extra = [] if data == "sample" else [f"data.path={tmp_path}"]
    config = stored(f"data={data}", *extra)
    checked = checked_data(config["data"], "ckpt=x")
    assert callable(instantiate(checked["reader"]))
    # The cache knows the data by these settings.
    assert checked["reader"].items() <= config["data"]["reader"].items()


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "builtins.eval",
        "resumebert.data.readers.pickled_tables._load",
        "resumebert.data.readers.documents.os.system",
        "resumebert.data.readers.tables.read_table",
        "resumebert.data.cells.assemble.assemble",
        "resumebert.data.download.fetch_resume_corpus",
        "resumebert.data.splitting.stratified_split",
        "resumebert.model.losses.zlpr",
        "resumebert.data.readers.read_table ",
        "",
        None,
        ["resumebert.data.readers.read_table"],
        {"_target_": "os.system"},
    ],
)
def test_nothing_but_a_reader_reads(target):
    assert "asks to call" in refusal({**TABLE, "_target_": target})


def test_each_list_is_of_its_own_kind():
    loss = {"_target_": "resumebert.model.losses.zlpr", "_partial_": True}
    reader = {"_target_": "resumebert.data.readers.read_sample", "_partial_": True}
    for settings, right in ((loss, LOSSES), (reader, READERS), (STRATIFIED, SPLITTERS)):
        for allowed in (LOSSES, READERS, SPLITTERS):
            if allowed is right:
                checked_call(settings, allowed, "ckpt=x.ckpt")
            else:
                assert "asks to call" in refusal(settings, allowed)


@pytest.mark.parametrize(
    "changes",
    [
        {"path": {"_target_": "os.system", "_args_": ["true"]}},
        {"label_columns": [{"_target_": "resumebert.data.readers.read_sample"}]},
        {"label_columns": [[{"a": {"_target_": "os.system"}}]]},
        {"label_aliases": {"_target_": "resumebert.data.readers.read_table", "path": "/x.csv"}},
        {"_args_": ["/etc/passwd"]},
        {"_partial_": False},
        {"_partial_": "true"},
        {"_convert_": "object"},
        {"_recursive_": True},
        {"_locals_": 1},
        {"allow_pickle": True},
        {"allow_pickle": 1},
        {"trust": ["x"]},
        {"cache_dir": "/tmp"},
        {"url": "https://example.org"},
        {"text_column": 3},
        {"text_column": ["a"]},
        {"text_column": {"a": "b"}},
        {"label_columns": "text"},
        {"label_columns": ["a", 1]},
        {"path": "mine.csv"},
        {"path": "../mine.csv"},
        {"path": "https://example.org/x.csv"},
        {"path": "s3://bucket/x.csv"},
        {"path": "//server/share/x.csv"},
        {"path": "\\\\server\\share\\x.csv"},
        {"path": "/dev/zero"},
        {"path": "/dev/stdin"},
        {"path": "/proc/self/environ"},
        {"path": "/x\0y"},
    ],
    ids=str,
)
def test_arguments_are_plain_and_known(changes):
    refusal({**TABLE, **changes})


def test_arguments_of_splits_and_losses_are_checked_alike(tmp_path):
    for changes in ({"train": "0.8"}, {"val": float("nan")}, {"test": None}, {"order": 2.0}):
        assert "none of its values" in refusal({**STRATIFIED, **changes}, SPLITTERS)
    assert "missing a required argument: 'train'" in refusal(
        {key: value for key, value in STRATIFIED.items() if key != "train"}, SPLITTERS
    )
    assert "multiple values for argument 'table'" in refusal(
        {**STRATIFIED, "table": "x"}, SPLITTERS
    )
    loss = {"_target_": "resumebert.model.losses.weighted_binary_cross_entropy", "_partial_": True}
    assert "prevalences" in refusal({**loss, "prevalences": [0.5]}, LOSSES)
    os.mkfifo(tmp_path / "split.csv")
    manifest = {"_target_": "resumebert.data.splitting.predefined_split", "_partial_": True}
    manifest["manifest"] = str(tmp_path / "split.csv")
    assert "no file or folder of data" in refusal(manifest, SPLITTERS)
    (tmp_path / "link.csv").symlink_to("/dev/zero")
    manifest["manifest"] = str(tmp_path / "link.csv")
    assert "no file or folder of data" in refusal(manifest, SPLITTERS)


def test_a_label_file_may_lie_in_the_folder_of_the_data(tmp_path):
    settings = {
        "_target_": "resumebert.data.readers.read_documents",
        **{"_partial_": True, "path": str(tmp_path), "labels_column": "labels"},
    }
    checked_call({**settings, "labels_file": "labels.csv"}, READERS, "ckpt=x.ckpt")
    refusal({**settings, "labels_file": "../labels.csv"})


class Unpickled:
    """Leaves a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("name", ["x.pkl", "x.pickle", "x.csv", "x.parquet", "x.npy"])
def test_a_pickle_that_a_file_names_is_not_unpickled(tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps(Unpickled(tmp_path / "ran")))
    settings = {**TABLE, "path": str(tmp_path / name), "allow_pickle": False}
    reader = instantiate(checked_call(settings, READERS, "ckpt=x.ckpt"))
    with pytest.raises(UserError):
        reader()
    assert not (tmp_path / "ran").exists()


def test_the_corpus_is_not_downloaded_because_a_file_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("RESUMEBERT_CACHE", str(tmp_path / "cache"))
    config = stored("data=resume_corpus")
    with pytest.raises(UserError, match=r"python -m resumebert\.data\.download"):
        checked_data(config["data"], "ckpt=x.ckpt")
    name = URL.rpartition("/")[2]
    key = {"what": name, "git_blob_sha1": SHA1}
    get_or_build("download", key, lambda folder: (folder / name).touch(), keep=True)
    checked_data(config["data"], "ckpt=x.ckpt")
