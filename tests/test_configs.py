"""Every option of every config group composes, and its values are allowed."""

from functools import cache

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import get_class, get_method
from omegaconf import DictConfig, OmegaConf

from helpers import REPOSITORY
from resumebert.utils.config_checks import REQUIREMENTS, check_values

CONF = REPOSITORY / "conf"
OPTIONS = sorted(
    f"{path.parent.name}={path.stem}"
    for path in CONF.glob("*/*.yaml")
    if path.parent.name != "hydra" and not path.stem.startswith("_")
) + sorted(
    f"{group}={path.stem}"
    for group in ("data/split", "model/lora")
    for path in CONF.glob(f"{group}/*.yaml")
)


@cache
def composed(name: str, *overrides: str) -> DictConfig:
    if "data/split=predefined" in overrides:
        overrides = (*overrides, "data.split.manifest=split.csv")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(name, overrides=[*overrides, "output_dir=somewhere"])


def targets(config: object) -> list[str]:
    if not isinstance(config, dict):
        return []
    own = [config["_target_"]] if "_target_" in config else []
    return own + [target for value in config.values() for target in targets(value)]


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_composes_and_names_what_exists(option):
    config = composed("train", option)
    check_values(config)
    plain = OmegaConf.to_container(config, resolve=True)
    for target in targets(plain):
        resolve = get_class if target.rpartition(".")[2][0].isupper() else get_method
        assert resolve(target) is not None


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.startswith("data=")])
def test_every_data_option_is_accepted_by_eval(option):
    check_values(composed("eval", "ckpt=x", option))


def test_every_checked_key_exists():
    configs = [*(composed("train", option) for option in OPTIONS), composed("eval", "ckpt=x")]
    absent = object()
    missing = [
        key
        for key in REQUIREMENTS
        if all(OmegaConf.select(config, key, default=absent) is absent for config in configs)
    ]
    assert missing == []


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_opens_with_its_launch_line(option):
    path = CONF / f"{option.replace('=', '/')}.yaml"
    assert "# python train.py" in "\n".join(path.read_text().splitlines()[:2])
