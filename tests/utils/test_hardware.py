import pytest
import torch

from resumebert.utils.errors import UserError
from resumebert.utils.hardware import check_accelerator, resolve_precision


@pytest.mark.parametrize(
    ("can", "accelerator", "precision"),
    [
        ({"avx512_bf16": True}, "auto", "bf16-mixed"),
        ({"avx512_bf16": True}, "cpu", "bf16-mixed"),
        ({"amx_bf16": True}, "cpu", "bf16-mixed"),
        # As most processors, and those of which PyTorch knows nothing.
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, "auto", "32-true"),
        ({"avx512_f": True}, "cpu", "32-true"),
        ({}, "auto", "32-true"),
    ],
)
def test_bfloat16_is_used_where_the_processor_computes_in_it(
    monkeypatch, can, accelerator, precision
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: can)
    assert resolve_precision("auto", accelerator) == precision
    assert resolve_precision("64-true", accelerator) == "64-true"


@pytest.mark.parametrize(("is_fast", "precision"), [(True, "bf16-mixed"), (False, "32-true")])
def test_a_gpu_is_asked_itself(monkeypatch, is_fast, precision):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: is_fast)
    assert resolve_precision("auto", "auto") == resolve_precision("auto", "gpu") == precision


def test_mps_computes_in_float32(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_precision("auto", "auto") == resolve_precision("auto", "mps") == "32-true"
    check_accelerator("gpu")


def test_accelerators_that_are_not_there_or_unknown_are_a_users_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for name in ("cuda", "mps", "gpu", "quantum"):
        with pytest.raises(UserError, match=rf"trainer\.accelerator={name}"):
            check_accelerator(name)
    check_accelerator("auto")
