"""``hydra/sweeper=study``: the sweeper that runs :mod:`resumebert.sweeps.search` under Hydra.

Hydra imports this at every start, so slow imports are inside the functions.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from resumebert.utils.errors import report_user_errors
from resumebert.utils.interruption import Interruption


@dataclass
class StudySweeperConf:
    """The settings under ``hydra.sweeper``; ``conf/hparams_search/_common.yaml`` explains them."""

    _target_: str = "hydra_plugins.resumebert_study.study_sweeper.StudySweeper"
    _recursive_: bool = False
    sampler: Any = None
    n_trials: int = 20
    n_jobs: int = 1
    seed: int = 42
    params: dict[str, str] = field(default_factory=dict)


ConfigStore.instance().store(
    group="hydra/sweeper", name="study", node=StudySweeperConf, provider="resumebert"
)


class StudySweeper(Sweeper):
    """Ask a study for settings, launch runs with them, and report their results to the study."""

    def __init__(self, **settings: Any) -> None:
        self.settings = StudySweeperConf(**settings)

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Keep what Hydra passes to every sweeper."""
        self.config, self.hydra_context = config, hydra_context
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    @report_user_errors
    def sweep(self, arguments: list[str]) -> None:
        """Run trials until the study has ``n_trials``."""
        from resumebert.sweeps.search import Search, example_of, parse_space
        from resumebert.sweeps.status import read_status
        from resumebert.sweeps.stopping import how_to_go_on, say
        from resumebert.utils.durable_files import write_text

        assert self.config is not None
        assert self.hydra_context is not None
        assert self.launcher is not None
        settings, monitor = self.settings, self.config.monitor
        folder = Path(self.config.hydra.sweep.dir)
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        given = [f"{key}={value}" for key, value in settings.params.items()] + arguments
        space, fixed = parse_space(parser.parse_overrides(given))
        self.validate_batch_is_legal([[*fixed, *example_of(space)]])
        write_text(folder / "multirun.yaml", OmegaConf.to_yaml(self.config))
        search = Search(
            folder, space, settings.sampler, settings.seed, monitor.metric, monitor.mode
        )
        try:
            while trials := search.next_trials(settings.n_jobs, settings.n_trials):
                batch = [
                    [*fixed, *search.overrides(trial), f"hydra.sweep.subdir={trial}"]
                    for trial in trials
                ]
                try:
                    self.launcher.launch(batch, initial_job_idx=trials[0])
                except Exception as error:
                    if not any(read_status(folder / str(trial)) for trial in trials):
                        raise
                    # A cluster lost a job. If its run got anywhere, its folder says so.
                    words = str(error).partition("\n")[0]
                    say(f"hydra/launcher lost a run: {type(error).__name__}: {words}")
                for trial in trials:
                    search.record(trial)
        except Interruption:
            say(how_to_go_on(str(folder)))
            raise
