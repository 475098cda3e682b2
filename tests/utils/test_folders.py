"""The output folder: what can't be written is told, in a launcher's workers too."""

import pickle

import hydra.core.utils
import pytest
from omegaconf import OmegaConf

from resumebert.utils.folders import CheckOutputFolder, make_output_folder, remove_unused


def test_workers_that_launchers_start_write_the_config_as_the_first_process_does(
    tmp_path, monkeypatch, capsys
):
    sent = pickle.dumps(CheckOutputFolder())
    # In a worker, Hydra has its own function until the callback arrives.
    monkeypatch.setattr(hydra.core.utils, "_save_config", None)
    pickle.loads(sent)
    hydra.core.utils._save_config(OmegaConf.create({"a": 1}), "config.yaml", tmp_path / "run")
    assert (tmp_path / "run" / "config.yaml").read_text() == "a: 1\n"
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as ended:
        hydra.core.utils._save_config(OmegaConf.create(), "config.yaml", tmp_path / "file")
    assert ended.value.code == 1
    assert "config.yaml: the file can't be written" in capsys.readouterr().err


def test_folders_are_removed_unless_something_was_written(tmp_path):
    for name in ("a/empty", "a/used", "b/empty"):
        make_output_folder(tmp_path / name)
    (tmp_path / "a" / "used" / "metrics.json").touch()
    remove_unused()
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert left == ["a", "a/used", "a/used/metrics.json"]
