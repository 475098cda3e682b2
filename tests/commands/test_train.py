"""train.py, as the README has it."""

import json
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import pandas as pd
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from helpers import LEAN, QUICK, Command, Result, in_own_process

LABELS = [
    "Database_Administrator",
    "Front_End_Developer",
    "Java_Developer",
    "Network_Administrator",
    "Project_manager",
    "Python_Developer",
    "Security_Analyst",
    "Software_Developer",
    "Systems_Administrator",
    "Web_Developer",
]
OVERALL = {
    "loss", "f1_micro", "f1_macro", "f1_weighted", "f1_samples", "precision_micro",
    "precision_macro", "precision_weighted", "precision_samples", "recall_micro", "recall_macro",
    "recall_weighted", "recall_samples", "subset_accuracy", "hamming_loss", "ap_micro", "ap_macro",
    "auroc_macro", "lrap", "coverage_error", "ranking_loss", "ece", "n",
}  # fmt: skip


def metrics_of(run) -> dict:
    return json.loads((run / "metrics.json").read_text())


def test_a_run_leaves_what_the_design_promises(trained):
    run, _ = trained
    for name in (
        ".hydra/config.yaml",
        "environment.json",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "tensorboard",
        "split.csv",
        "data_report.json",
        "metrics.json",
        "predictions_test.csv",
    ):
        assert (run / name).exists(), name
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == [
        "best.ckpt",
        "last.ckpt",
    ]


def test_metrics_have_the_names_of_the_design_and_null_where_undefined(trained):
    metrics = metrics_of(trained[0])
    figures = {name for name in metrics if not name.endswith("_ci")}
    names = {name.partition("/")[2] for name in figures}
    per_label = {
        f"{kind}/{label}"
        for kind in ("f1", "precision", "recall", "ap", "auroc", "support")
        for label in LABELS
    }
    judged = {
        name
        for name in OVERALL | per_label
        if name not in ("loss", "n") and not name.startswith("support/")
    }
    top1 = {"accuracy", "precision_weighted", "recall_weighted", "f1_weighted"}
    assert names == (
        OVERALL
        | per_label
        | {f"tuned/{name}" for name in judged}
        | {f"baseline/{name}" for name in judged}
        | {"baseline/train_documents"}
        | {f"top1/{name}" for name in top1}
    )
    assert {name.partition("/")[0] for name in metrics} == {"val", "test"}
    # No figure without an interval but for counts and the loss.
    bare = {name.partition("/")[2] for name in figures if f"{name}_ci" not in metrics}
    assert bare == (OVERALL | per_label) - judged | {"baseline/train_documents"}
    for name in figures:
        ends = metrics.get(f"{name}_ci")
        assert ends is None or ends[0] <= ends[1], name
        assert metrics[name] is not None or ends is None, name
    for label in LABELS:
        if metrics[f"test/support/{label}"] == 0:
            assert metrics[f"test/f1/{label}"] is None
        else:
            assert metrics[f"test/f1/{label}"] is not None


def test_predictions_hold_truth_decision_and_probabilities(trained):
    run, _ = trained
    predictions = pd.read_csv(run / "predictions_test.csv", keep_default_na=False)
    assert predictions.columns.tolist() == ["id", "true_labels", "predicted_labels", *LABELS]
    split = pd.read_csv(run / "split.csv")
    assert set(predictions["id"]) == set(split.loc[split["split"] == "test", "id"])
    decisions = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["resumebert"][
        "decisions"
    ]
    thresholds = dict(zip(LABELS, decisions["thresholds"], strict=True))
    assert set(thresholds.values()) != {0.5}
    decided = [
        ";".join(label for label in LABELS if row[label] >= thresholds[label])
        for _, row in predictions.iterrows()
    ]
    assert predictions["predicted_labels"].tolist() == decided


def test_split_covers_the_data_and_keeps_groups_together(trained):
    split = pd.read_csv(trained[0] / "split.csv")
    assert len(split) == split["id"].nunique() == 90
    counts = split["split"].value_counts()
    assert abs(counts["train"] - 63) <= 2
    assert counts.sum() == 90
    assert (split.groupby("group")["split"].nunique() == 1).all()


def test_reports_say_what_was_read_and_with_what(trained):
    run, _ = trained
    report = json.loads((run / "data_report.json").read_text())
    assert (report["rows_read"], report["rows_used"]) == (1200, 90)
    assert report["tokens"]["max_length"] == 16
    environment = json.loads((run / "environment.json").read_text())
    assert environment["packages"]["torch"] == version("torch")
    assert "seed=7" in environment["command"]


def test_the_screen_shows_figures_and_where_everything_lies(trained):
    _, result = trained
    for words in ("F1 micro", "subset accuracy", *LABELS, "best.ckpt", "python eval.py ckpt="):
        assert words in result.output
    assert "outputs/train" in result.output
    assert "Warning" not in result.errors
    assert re.search(r"epoch 1/1 validation: loss \d\.\d+ +F1 micro", result.output)


def test_checkpoint_is_plain_and_complete(trained):
    content = torch.load(trained[0] / "checkpoints" / "best.ckpt", weights_only=True)
    extras = content["resumebert"]
    assert extras["format_version"] == 4
    assert content["hyper_parameters"]["label_names"] == LABELS
    assert "tokenizer.json" in extras["tokenizer_files"]
    assert re.fullmatch(r"[0-9a-f]{64}", extras["split_fingerprint"])
    assert extras["config"]["trainer"]["precision"] != "auto"
    assert "optimizer_states" not in content


def test_tensorboard_has_curves_config_and_real_final_metrics(trained):
    run, _ = trained
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    scalars = events.Tags()["scalars"]
    for tag in (
        "train/loss",
        "train/f1_micro",
        "val/loss",
        "val/f1_macro",
        "test/f1_macro",
        "lr-AdamW/encoder",
        "throughput/tokens_per_second",
    ):
        assert tag in scalars, scalars
    assert "hp_metric" not in scalars
    assert events.Scalars("test/f1_macro")[-1].value == pytest.approx(
        metrics_of(run)["test/f1_macro"]
    )
    assert any(tag.startswith("config") for tag in events.Tags()["tensors"])
    plugin = events.PluginTagToContent("hparams")
    assert any("session_start" in tag for tag in plugin)


def test_same_seed_same_figures_other_seed_other_figures(command: Command, tmp_path, trained):
    run, _ = trained
    for name, settings in (
        ("again", (*QUICK, "evaluation.report=false", "seed=7")),
        ("other", (*LEAN, "seed=8")),
    ):
        result = command("train", *settings, f"hydra.run.dir={tmp_path / name}")
        assert result.code == 0, result.errors
    assert metrics_of(tmp_path / "again") == metrics_of(run)
    assert metrics_of(tmp_path / "other")["test/loss"] != metrics_of(run)["test/loss"]
    splits = [(folder / "split.csv").read_text() for folder in (run, tmp_path / "other")]
    assert splits[0] == splits[1]


def test_resuming_goes_on_where_the_run_stopped(command: Command, tmp_path, trained):
    run, _ = trained
    last = run / "checkpoints" / "last.ckpt"
    result = command(
        "train", *LEAN, f"ckpt_path={last}", "trainer.max_epochs=2", f"hydra.run.dir={tmp_path}/r"
    )
    assert result.code == 0, result.errors
    assert "epoch 2/2" in result.output
    assert "epoch 1/2" not in result.output
    before = torch.load(last, weights_only=True)
    after = torch.load(tmp_path / "r" / "checkpoints" / "last.ckpt", weights_only=True)
    assert after["global_step"] == 2 * before["global_step"]


def test_weights_only_checkpoints_are_refused_for_resuming(command: Command, tmp_path, trained):
    best = trained[0] / "checkpoints" / "best.ckpt"
    result = command("train", *QUICK, f"ckpt_path={best}", f"hydra.run.dir={tmp_path}/r")
    assert result.code == 1
    assert "last.ckpt" in result.errors


def test_paths_are_relative_to_where_the_command_was_typed(command: Command, tmp_path):
    rows = ["text,labels"]
    rows += [f"résumé {i} of a {'java' if i % 2 else 'sql'} person,{'A' if i % 2 else 'B'}"
             for i in range(40)]  # fmt: skip
    (tmp_path / "mine.csv").write_text("\n".join(rows), encoding="utf-8")
    result = command(
        "train",
        *LEAN,
        "data=table",
        "data.path=mine.csv",
        "data.text_column=text",
        "data.labels_column=labels",
        "callbacks=early_stopping",
        "logger=both",
        "trainer=cpu",
        "monitor.metric=val/loss",
        "monitor.mode=min",
    )
    assert result.code == 0, result.errors
    [run] = (tmp_path / "outputs" / "train").iterdir()
    extras = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["resumebert"]
    assert extras["config"]["data"]["path"] == str(tmp_path / "mine.csv")
    assert (run / "csv" / "metrics.csv").exists()


def test_the_reference_corpus_in_its_own_layout(command: Command, tmp_path):
    with zipfile.ZipFile(tmp_path / "resumes_corpus.zip", "w") as archive:
        for i in range(60):
            marked = f'<span class="hl">Java</span>\xa0developer – number {i}'
            archive.writestr(f"resumes_corpus/{i:05}.txt", marked.encode("cp1252"))
            archive.writestr(f"resumes_corpus/{i:05}.lab", LABELS[i % 3])
    result = command(
        "train", *LEAN, "data=resume_corpus", f"data.path={tmp_path}/resumes_corpus.zip",
        "data.limit=50", f"hydra.run.dir={tmp_path}/r",
    )  # fmt: skip
    assert result.code == 0, result.errors
    report = json.loads((tmp_path / "r" / "data_report.json").read_text())
    assert (report["rows_read"], report["rows_used"]) == (60, 50)
    assert report["label_names"] == LABELS[:3]


def test_a_split_can_be_given_back_and_folds_test_every_document(
    command: Command, tmp_path, trained
):
    run, _ = trained
    result = command(
        "train", *LEAN, "data/split=predefined", f"data.split.manifest={run}/split.csv",
        "data.seed=42", f"hydra.run.dir={tmp_path}/again",
    )  # fmt: skip
    assert result.code == 0, result.errors
    splits = [pd.read_csv(folder / "split.csv")["split"] for folder in (run, tmp_path / "again")]
    assert splits[0].tolist() == splits[1].tolist()
    tested = []
    for fold in (0, 1):
        result = command(
            "train", *LEAN, "data/split=kfold", "data.split.folds=2", f"data.fold={fold}",
            "data.mask_pii=true", "data.train_fraction=0.5", f"hydra.run.dir={tmp_path}/{fold}",
        )  # fmt: skip
        assert result.code == 0, result.errors
        split = pd.read_csv(tmp_path / str(fold) / "split.csv")
        tested += split.loc[split["split"] == "test", "id"].tolist()
        assert "unused" in set(split["split"])
    assert len(tested) == len(set(tested)) == 90


@pytest.mark.parametrize("name", ["train", "eval", "predict", "app", "export"])
def test_help_is_useful_and_fits_a_screen_and_a_half(tmp_path, name):
    result: Result = in_own_process(tmp_path, name, "--help")
    assert result.code == 0
    assert f"python {name}.py" in result.output
    assert "Settings" in result.output
    assert len(result.output.splitlines()) <= 60


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("trainer.max_epoch=3", "Could not override 'trainer.max_epoch'"),
        ("model=gpt", "Could not find 'model/gpt'"),
        ("data.path=x", "Key 'path' is not in struct"),
    ],
)
def test_a_mistyped_key_or_group_is_hydras_error(command: Command, argument, words):
    result = command("train", argument)
    assert result.code == 1
    assert words in result.errors
    assert "Traceback" not in result.errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["data.max_length=9999"], "data.max_length=9999"),
        (["evaluation.label_words={Baker: [cook]}"], "Baker, which is no label"),
        (["data.limit=2"], "split"),
        (["+trainer.no_such_argument=1"], "no_such_argument"),
        (["trainer.val_check_interval=1.5"], "val_check_interval"),
        (["data=table"], "data.label_columns"),
        (["data/split=column"], "data.split_column"),
    ],
)
def test_a_wrong_value_is_one_message_and_exit_code_1(command: Command, tmp_path, arguments, words):
    result = command("train", "debug=default", *arguments, f"hydra.run.dir={tmp_path}/r")
    assert result.code == 1
    assert result.errors.startswith("Error: ")
    assert words in result.errors
    assert "Traceback" not in result.output + result.errors
    assert not (tmp_path / "r" / "checkpoints").exists()
    # The trainer refuses its arguments after the data have been read and written down.
    assert not (tmp_path / "r").exists() or (tmp_path / "r" / "split.csv").exists()


def test_an_accelerator_that_is_not_there(command: Command, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    result = command("train", "trainer=gpu", f"hydra.run.dir={tmp_path}/r")
    assert result.code == 1
    assert "trainer.accelerator=gpu" in result.errors


@pytest.mark.parametrize("mode", ["run", "sweep"])
def test_an_output_folder_that_cannot_be_written(command: Command, tmp_path, mode):
    (tmp_path / "file").write_text("in the way")
    flags = ["-m"] if mode == "sweep" else []
    result = command("train", *flags, *QUICK, f"hydra.{mode}.dir={tmp_path}/file/run")
    assert result.code == 1
    assert f"hydra.{mode}.dir={tmp_path}/file/run" in result.errors
    assert "Traceback" not in result.errors


def test_a_loss_that_is_no_number_stops_the_run(command: Command, tmp_path):
    result = command(
        "train", *LEAN, "optimizer.lr=1e30", "scheduler.warmup=0",
        "trainer.gradient_clip_val=null", "trainer.max_epochs=3", f"hydra.run.dir={tmp_path}/r",
    )  # fmt: skip
    assert result.code == 1
    assert "optimizer.lr" in result.errors
    assert "Traceback" not in result.errors


def test_a_profile_is_a_trace_that_browsers_open(command: Command, tmp_path):
    run = tmp_path / "r"
    result = command(
        "train", "debug=profile", "model=bert_tiny", "data.max_length=16", f"hydra.run.dir={run}"
    )
    assert result.code == 0, result.errors
    [trace] = run.glob("fit-profile*training_step*.pt.trace.json")
    assert any(
        event.get("cat") == "cpu_op" for event in json.loads(trace.read_text())["traceEvents"]
    )
    assert "aten::" in (run / "fit-profile.txt").read_text()
    found = json.loads((run / "throughput.json").read_text())
    assert list(found["seconds"]) == ["data", "forward", "backward", "optimizer"]
    assert 0 < found["flops_utilisation"] < 1
    assert found["seconds_by_phase"]["training"] >= found["seconds_in_steps"]


@pytest.mark.slow
def test_a_few_batches_can_be_learnt_by_heart(command: Command, tmp_path):
    result = command(
        "train", "debug=overfit", "data.max_length=64", "data.limit=120",
        f"hydra.run.dir={tmp_path}/r",
    )  # fmt: skip
    assert result.code == 0, result.errors
    events = EventAccumulator(str(tmp_path / "r" / "tensorboard"))
    events.Reload()
    losses = [event.value for event in events.Scalars("train/loss")]
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.slow
def test_runs_that_start_at_once_prepare_the_data_once(command: Command, tmp_path, monkeypatch):
    """As those of a sweep over several processes do."""
    monkeypatch.setenv("RESUMEBERT_CACHE", str(tmp_path / "cache"))
    table = tmp_path / "mine.csv"
    rows = "".join(
        f"{i},{' '.join(f'word{i * j}' for j in range(20))},{'AB'[i % 2]}\n" for i in range(80)
    )
    table.write_text("id,text,labels\n" + rows, encoding="utf-8")
    arguments = (*LEAN, "data=table", f"data.path={table}", "data.labels_column=labels")
    folders = ("one", "other")
    with ThreadPoolExecutor(2) as at_once:
        runs = [
            at_once.submit(in_own_process, tmp_path, "train", *arguments, f"hydra.run.dir={folder}")
            for folder in folders
        ]
    assert [run.result().code for run in runs] == [0, 0], runs[0].result().errors
    [entry] = [path for path in (tmp_path / "cache" / "documents").iterdir() if path.is_dir()]
    assert metrics_of(tmp_path / "one") == metrics_of(tmp_path / "other")
    before = (entry / "token_ids.bin").stat().st_mtime_ns
    assert command("train", *arguments).code == 0
    assert (entry / "token_ids.bin").stat().st_mtime_ns == before


def test_the_sample_is_prepared_once(command, tmp_path, monkeypatch):
    monkeypatch.setenv("RESUMEBERT_CACHE", str(tmp_path / "cache"))
    assert command("train", *LEAN).code == 0
    monkeypatch.setattr("resumebert.data.prepared._prepare", None)
    assert command("train", *LEAN).code == 0


def test_without_validation_documents_the_last_weights_are_kept(command, tmp_path):
    shares = (
        "data.shares.train=0.8", "data.shares.val=0", "data.shares.test=0.2",
        "evaluation.probes=false", "evaluation.bootstrap_resamples=50",
    )  # fmt: skip
    result = command("train", *QUICK, *shares, "hydra.run.dir=run", "trainer.max_epochs=2")
    assert result.code == 0, result.errors
    assert "best.ckpt will be the last epoch's" in result.output
    metrics = metrics_of(tmp_path / "run")
    assert {name.partition("/")[0] for name in metrics} == {"test"}
    assert metrics["test/tuned/f1_micro"] == metrics["test/f1_micro"]
    assert "nothing is calibrated and no threshold tuned" in result.output
    best, last = (
        torch.load(tmp_path / "run" / "checkpoints" / f"{name}.ckpt", weights_only=True)
        for name in ("best", "last")
    )
    assert best["epoch"] == last["epoch"]
    assert all(
        torch.equal(best["state_dict"][k], last["state_dict"][k]) for k in best["state_dict"]
    )

    stopped = command("train", *QUICK, *shares, "callbacks=early_stopping")
    assert stopped.code == 1
    assert "callbacks.early_stopping watches val/f1_macro" in stopped.errors
    stopped = command("train", *QUICK, *shares, "scheduler=plateau")
    assert stopped.code == 1
    assert "scheduler=plateau watches val/f1_macro" in stopped.errors


@pytest.mark.parametrize(
    "recipe",
    [
        ("model.pooling=attention", "data.long_documents=windows", "data.max_windows_train=9"),
        pytest.param(
            ("model.freeze_embeddings=true", "model.freeze_layers=1", "optimizer.layer_decay=0.8"),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ("model.num_layers=1", "loss=asymmetric", "scheduler=cosine"), marks=pytest.mark.slow
        ),
        pytest.param(("model/lora=default", "optimizer.lr=1e-3"), marks=pytest.mark.slow),
    ],
    ids=lambda recipe: recipe[0],
)
def test_a_recipe_trains_goes_on_and_is_evaluated_alike(command, tmp_path, recipe):
    if recipe[0] == "model/lora=default":
        pytest.importorskip("peft")
    assert command("train", *LEAN, *recipe, "hydra.run.dir=run").code == 0
    last = "ckpt_path=run/checkpoints/last.ckpt"
    more = command("train", *LEAN, *recipe, last, "trainer.max_epochs=2", "hydra.run.dir=more")
    assert more.code == 0, more.errors
    options = ("evaluation.report=true", "evaluation.label_noise=false", "evaluation.probes=false",
               "hydra.run.dir=again")  # fmt: skip
    assert command("eval", "ckpt=more", *options).code == 0
    again = metrics_of(tmp_path / "again")
    assert again == {name: metrics_of(tmp_path / "more")[name] for name in again}


def test_training_does_not_go_on_from_another_architecture(command, tmp_path, trained):
    last = f"ckpt_path={trained[0]}/checkpoints/last.ckpt"
    for change in ("model.freeze_embeddings=true", "model/lora=default", "model.pooling=attention"):
        result = command("train", *LEAN, last, change, f"hydra.run.dir={tmp_path}")
        assert result.code == 1
        assert "and its weights and optimizer fit nothing else" in result.errors
