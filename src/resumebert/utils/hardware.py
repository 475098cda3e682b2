"""What the machine can do: which accelerator is there, which precision is fast on it."""

from resumebert.utils.errors import UserError

ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps", "tpu")
PRECISIONS = ("auto", "32-true", "16-mixed", "bf16-mixed", "bf16-true", "64-true")


def check_accelerator(accelerator: str) -> None:
    """Check that an accelerator asked for by name is there.

    Raises:
        UserError: it is unknown, or not on this machine.
    """
    if accelerator not in ACCELERATORS:
        raise UserError(
            f"trainer.accelerator={accelerator}: choose one of {', '.join(ACCELERATORS)}."
        )
    # Imported here, so that a wrong value of the config is told before PyTorch is loaded.
    import torch

    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    absent = {"gpu": not (cuda or mps), "cuda": not cuda, "mps": not mps}
    if absent.get(accelerator, False):
        raise UserError(
            f"trainer.accelerator={accelerator}: PyTorch sees no such device on this machine. Use "
            "trainer.accelerator=auto or cpu, or install a build of PyTorch for the device."
        )


def resolve_precision(precision: str, accelerator: str) -> str:
    """Turn ``auto`` into bf16-mixed where the device computes in bfloat16, else 32-true."""
    if precision != "auto":
        return precision
    import torch

    if accelerator != "cpu" and torch.cuda.is_available():
        # Emulated bfloat16 on GPUs before Ampere is slower than float32.
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    elif accelerator in ("cpu", "auto") and not torch.backends.mps.is_available():
        capabilities = torch.cpu.get_capabilities()
        fast = bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    else:
        fast = False
    return "bf16-mixed" if fast else "32-true"
