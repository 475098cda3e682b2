"""export.py: a checkpoint as a folder that other software loads."""

from pathlib import Path

from omegaconf import DictConfig

from resumebert.inference.export import Agreement, export
from resumebert.settings.compose import export_settings
from resumebert.utils.console import make_console, quiet_libraries
from resumebert.utils.trust import packages


def export_model(config: DictConfig) -> list[Agreement]:
    """Export ``config.ckpt`` to the folder ``config.output``, and say how far they agree."""
    settings = export_settings(config)
    quiet_libraries()
    found = export(
        settings.ckpt,
        settings.output,
        format=settings.format,
        trust=packages(settings.trust),
        documents=settings.documents,
        dataset=settings.dataset,
    )
    console = make_console()
    for each in found:
        console.print(str(each), highlight=False, soft_wrap=True)
    console.print(f"Exported to {Path(settings.output)}", highlight=False, soft_wrap=True)
    return found
