import json
import sys

import numpy as np
import pytest
import torch

from resumebert.evaluation.decisions import Decisions, fit_decisions, stored_decisions
from resumebert.evaluation.own_calibration import calibration_class
from resumebert.inference.evaluating import evaluation_settings
from resumebert.settings.compose import compose, eval_settings
from resumebert.settings.schema import EvaluationSettings
from resumebert.utils.console import make_console
from resumebert.utils.errors import UserError

MODULE = """
from dataclasses import dataclass
import numpy as np

@dataclass
class Shifted:
    shift: float
    documents: float

    @classmethod
    def fit(cls, logits, truth, weights):
        assert logits.shape == truth.shape and truth.dtype == bool
        return cls(float(weights @ truth.mean(axis=1)), float(weights.sum()))

    def apply(self, logits):
        return 1 / (1 + np.exp(self.shift - logits))

@dataclass
class Arrays(Shifted):
    @classmethod
    def fit(cls, logits, truth, weights):
        return cls(weights, 1.0)

@dataclass
class Other(Shifted):
    @classmethod
    def fit(cls, logits, truth, weights):
        return Shifted(0.0, 1.0)

@dataclass
class Failing(Shifted):
    @classmethod
    def fit(cls, logits, truth, weights):
        return 1 / 0

@dataclass
class Logits(Shifted):
    def apply(self, logits):
        return logits

@dataclass
class OneColumn(Shifted):
    def apply(self, logits):
        return logits[:, 0] * 0

@dataclass
class Nan(Shifted):
    def apply(self, logits):
        return logits * np.nan

class NoDataclass:
    fit = apply = None

def function(logits):
    return logits
"""


@pytest.fixture(autouse=True)
def mylab(tmp_path, monkeypatch):
    (tmp_path / "mylab_calibrations.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mylab_calibrations", raising=False)


def fitted(kind: str, groups=None) -> Decisions:
    rng = np.random.default_rng(0)
    logits = rng.normal(-1, 2, (40, 3))
    targets = (rng.random((40, 3)) < 1 / (1 + np.exp(-logits))).astype(np.uint8)
    if groups is not None:
        logits, targets = logits[groups], targets[groups]
    settings = EvaluationSettings(calibration=f"mylab_calibrations.{kind}", threshold_resamples=5)
    return fit_decisions(logits, targets, "abc", settings, groups)


def test_thresholds_are_tuned_on_its_probabilities_and_a_group_counts_as_one_document():
    decisions = fitted("Shifted")
    shift = decisions.calibration.fitted.shift
    assert shift > 0
    logits = np.array([[0.0, 1.0, -1.0]])
    expected = 1 / (1 + np.exp(shift - logits))
    assert decisions.calibration.apply(logits) == pytest.approx(expected)
    assert decisions.calibration.apply(logits.astype(np.float32)).dtype == np.float64
    assert decisions.calibration.apply(np.zeros((0, 3))).shape == (0, 3)
    assert all(0 < threshold < 1 for threshold in decisions.thresholds)
    copied = fitted("Shifted", np.repeat(np.arange(40), np.arange(40) % 5 + 1))
    assert copied.calibration.fitted.documents == pytest.approx(40)
    assert copied.calibration.fitted.shift == pytest.approx(shift)


def test_a_checkpoint_gives_it_back_where_its_package_is_trusted(tmp_path, monkeypatch):
    decisions = fitted("Shifted")
    torch.save(decisions.to_plain(), tmp_path / "x.ckpt")
    plain = torch.load(tmp_path / "x.ckpt", weights_only=True)
    assert json.loads(json.dumps(plain)) == plain
    assert plain["calibration"]["method"] == "mylab_calibrations.Shifted"
    assert stored_decisions(plain, 3, "x.ckpt", ["mylab_calibrations"]) == decisions
    with pytest.raises(UserError, match="of another number of labels"):
        stored_decisions(plain, 2, "x.ckpt", ["mylab_calibrations"])
    damaged = {**plain, "calibration": {**plain["calibration"], "parameters": {"shift": 0.0}}}
    with pytest.raises(UserError, match="damaged"):
        stored_decisions(damaged, 3, "x.ckpt", ["mylab_calibrations"])
    monkeypatch.delitem(sys.modules, "mylab_calibrations")
    refused = (
        r"x\.ckpt: .* asks to call mylab_calibrations\.Shifted, which is none of resumebert's "
        r"calibrations\. .*trust=\[mylab_calibrations\]"
    )
    with pytest.raises(UserError, match=refused):
        stored_decisions(plain, 3, "x.ckpt")
    assert "mylab_calibrations" not in sys.modules


def test_nor_does_the_config_of_a_checkpoint_have_it_imported():
    trained = {"calibration": "mylab_calibrations.Shifted"}
    config = compose(["ckpt=x"], name="eval")
    with pytest.raises(UserError, match=r"ckpt=x: .*trust=\[mylab_calibrations\]"):
        evaluation_settings(eval_settings(config), trained, make_console())
    assert "mylab_calibrations" not in sys.modules
    config = compose(["ckpt=x", "trust=[mylab_calibrations]"], name="eval")
    settings = evaluation_settings(eval_settings(config), trained, make_console())
    assert settings.calibration == "mylab_calibrations.Shifted"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("Failing", r"Failing\.fit failed \(ZeroDivisionError: division by zero\)"),
        ("Arrays", r"Arrays\.fit must return an object of the class.*it holds a ndarray"),
        ("Other", r"Other\.fit must return an object of the class.*it returned a Shifted"),
        ("Logits", r"Logits\.apply must return probabilities in \[0, 1\]"),
        ("OneColumn", r"OneColumn\.apply must return probabilities .* shape, \(40, 3\)"),
        ("Nan", r"Nan\.apply must return probabilities"),
        ("NoDataclass", "NoDataclass is no calibration. It must be a dataclass"),
        ("function", "function is no calibration"),
        ("nothing", "nothing can't be imported"),
    ],
)
def test_what_is_no_calibration_is_refused(kind, words):
    with pytest.raises(UserError, match=rf"^evaluation\.calibration: mylab_calibrations\.{words}"):
        fitted(kind)


def test_a_class_is_looked_at_before_the_training():
    assert calibration_class("mylab_calibrations.Shifted").__name__ == "Shifted"
    with pytest.raises(UserError, match="no calibration"):
        calibration_class("mylab_calibrations.function")
