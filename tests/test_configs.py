"""Every option of every config group composes, and its values are allowed and read."""

import ast
import inspect
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from functools import cache
from itertools import zip_longest

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import get_class, get_method
from omegaconf import DictConfig, OmegaConf

from helpers import REPOSITORY
from resumebert.model.pretrained import PretrainedSource
from resumebert.settings.compose import plain_config
from resumebert.settings.rules import OF_APP, OF_EXPORT, OF_PREDICT, REQUIREMENTS, check_values
from resumebert.settings.schema import DEFAULTS, EvaluationSettings
from resumebert.utils.errors import UserError

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


# To compose takes a third of a second: options of groups that do not touch one another go together.
APART = ("data", "debug", "experiment", "hparams_search")


def together() -> list[tuple[str, ...]]:
    """Return options, each in one of the combinations."""
    groups: dict[str, list[str]] = {}
    for option in OPTIONS:
        groups.setdefault(option.partition("=")[0], []).append(option)
    apart = [(option,) for name in APART for option in groups.pop(name)]
    return apart + [tuple(filter(None, options)) for options in zip_longest(*groups.values())]


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


@pytest.mark.parametrize("options", together(), ids=",".join)
def test_every_option_composes_and_names_what_exists(options):
    config = composed("train", *options)
    check_values(config)
    plain = OmegaConf.to_container(config, resolve=True)
    for target in targets(plain):
        resolve = get_class if target.rpartition(".")[2][0].isupper() else get_method
        assert resolve(target) is not None


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.startswith("data=")])
def test_every_data_option_is_accepted_by_eval(option):
    check_values(composed("eval", "ckpt=x", option))


@pytest.mark.parametrize(
    ("name", "keys", "given"),
    [
        ("export", OF_EXPORT, ["output=y"]),
        ("predict", OF_PREDICT, ["output=y", "input=x"]),
        ("app", OF_APP, []),
    ],
)
def test_the_keys_of_a_command_of_its_own_are_checked(name, keys, given):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(name, overrides=["ckpt=x", *given])
    assert set(keys) == set(leaves(config))
    check_values(config, keys)
    for key in keys:
        for value in ([1], {}, math.nan):
            changed = config.copy()
            changed[key] = value
            with pytest.raises(UserError, match=f"{key}="):
                check_values(changed, keys)


@pytest.fixture(scope="module")
def configs() -> list[DictConfig]:
    return [*(composed("train", *each) for each in together()), composed("eval", "ckpt=x")]


def leaves(node: DictConfig, prefix: str = "") -> Iterator[str]:
    """Yield the dotted names of the keys that hold values."""
    for key in node:
        value = node._get_node(key)
        if isinstance(value, DictConfig) and len(value) and not value._is_interpolation():
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


# What has no requirement of its own, and why.
UNCHECKED = (
    # Interpolations of keys that have one.
    "data.reader.",
    # Arguments of other people's classes, which check them.
    "trainer.",
    "logger.",
    "callbacks.pruning.pruner.",
    # Checked as a whole, with the architecture.
    "model.random_config.",
)


def test_every_key_has_a_requirement(configs):
    found = {key for config in configs for key in leaves(config)} - set(REQUIREMENTS)
    left = {key for key in found if not key.startswith(UNCHECKED)}
    assert {key for key in left if not key.endswith("_")} == set()


@pytest.mark.parametrize("value", [None, "x", "", -1, 1e30, math.nan, [], {}, [1], True, [[]]])
def test_no_value_of_any_key_is_a_traceback(configs, value):
    known = set()
    for config in configs:
        new = set(leaves(config)) - known
        if not new:
            continue
        known |= new
        changed = config.copy()
        OmegaConf.set_struct(changed, False)
        for key in new:
            parent, _, name = key.rpartition(".")
            (OmegaConf.select(changed, parent) if parent else changed)[name] = value
        with suppress(UserError):
            check_values(changed)


def names_in_source() -> set[str]:
    """Return the dotted names of attributes, and the texts, in the code that reads configs."""
    found = set()
    for path in (REPOSITORY / "src").rglob("*.py"):
        # These name keys without reading them.
        if path.stem in ("schema", "rules"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                found.add(ast.unparse(node))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def is_argument(config: DictConfig, key: str) -> bool:
    """Tell whether a key is an argument of what the group that it stands in makes."""
    parent, _, name = key.rpartition(".")
    target = OmegaConf.select(config, f"{parent}._target_")
    if target is None:
        return False
    resolve = get_class if target.rpartition(".")[2][0].isupper() else get_method
    made = resolve(target)
    makers = made.__mro__ if isinstance(made, type) else [made]
    return any(name in inspect.signature(maker).parameters for maker in makers[:-1] or makers)


def test_every_key_is_read(configs):
    names = names_in_source()
    # A function of a group may call it its settings, or by the group's name alone.
    heads = {name.removeprefix("settings.").removeprefix("self.") for name in names}
    interpolated = {
        key
        for path in CONF.rglob("*.yaml")
        for key in re.findall(r"\$\{([\w.]+)\}", path.read_text(encoding="utf-8"))
    }
    # These are read as fields of what they are handed on as.
    interpolated |= {f"evaluation.{field.name}" for field in fields(EvaluationSettings)}
    interpolated |= {f"model.{field.name}" for field in fields(PretrainedSource)}

    def is_read(key: str) -> bool:
        if key in heads or key in interpolated:
            return True
        group, *inner = key.split(".")
        # One that is passed on as a whole, such as data.near_duplicates.
        if len(inner) > 1 and f"{group}.{inner[0]}" in heads:
            return True
        return group in ("model", "trainer") and bool(
            {f"{name}.{inner[-1]}" for name in ("chosen", "given")} & heads
        )

    unread = {
        key
        for config in configs
        for key in leaves(config)
        if not key.endswith("_")
        # Or of a dictionary that is an argument.
        and not any(is_argument(config, one) for one in (key, key.rpartition(".")[0]))
        and not is_read(key)
    }
    assert unread == set()


def test_every_checked_key_exists(configs):
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


def test_the_settings_of_an_evaluation_have_one_set_of_defaults():
    assert EvaluationSettings.of(plain_config(composed("train").evaluation)) == DEFAULTS
    # Of an older checkpoint's config, and of eval.yaml, where null means the run's own.
    given = plain_config(composed("eval").evaluation)
    assert EvaluationSettings.of(given, trained={}) == DEFAULTS
    given |= {"errors": 0}
    own = EvaluationSettings.of(given, trained={"errors": 3, "slices": False, "metrics": None})
    assert (own.errors, own.slices, own.metrics) == (0, False, ())
