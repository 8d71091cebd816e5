"""`key=value` on the command line, and how settings are shown in help."""

import re
import types
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo

from recurra.config import Config, nearest_keys
from recurra.errors import ConfigError

NOTHING = ("none", "null", "off")


def parse_settings(
    classes: Sequence[type[Config]], pairs: Sequence[str], options: Mapping[str, str | None]
) -> dict[str, Any]:
    """Collect settings from `key=value` pairs and from options that stand for a key.

    Values stay text, which the config turns into numbers; lists are split at commas, and `none` is None
    where a key takes it.

    Raises:
        ConfigError: A pair has no `=`, its key is unknown, or a key is given twice.
    """
    fields = {key: field for each in reversed(classes) for key, field in each.model_fields.items()}
    settings: dict[str, Any] = {}
    for key, text in [*_split(pairs), *((key, text) for key, text in options.items() if text is not None)]:
        if key not in fields:
            raise _unknown(key, text, fields)
        if key in settings:
            raise ConfigError(f"{key} is given twice", "each setting once", f"Drop one {key}.")
        settings[key] = _value(text, fields[key].annotation)
    return settings


def read_settings(path: Path, classes: Sequence[type[Config]]) -> dict[str, Any]:
    """The settings in a YAML file, such as `recurra tune` writes.

    Raises:
        ConfigError: There is no such file, it is no mapping of settings to values, or there is no such
            setting.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        what = str(error).partition("\n")[0]
        raise ConfigError(
            f"--config {path} cannot be read ({what})", "a YAML file of settings", "Check the path."
        ) from error
    if not isinstance(found, dict):
        raise ConfigError(
            f"--config {path} holds {type(found).__name__ if found is not None else 'nothing'}",
            "settings, one a line, such as learning_rate: 0.003",
            "Write key: value.",
        )
    known = {key for each in classes for key in each.model_fields}
    for key, value in found.items():
        if key not in known:
            raise _unknown(str(key), str(value), known)
    return found


def data_and_pairs(data: str | None, pairs: Sequence[str] | None) -> tuple[str | None, list[str]]:
    """DATA and settings as they were meant, where DATA may be left out or come after them.

    A word is a setting if it is written like one (key=value) and is no file.
    """
    words = [word for word in (data, *(pairs or ())) if word is not None]
    settings = [word for word in words if _is_pair(word)]
    others = [word for word in words if word not in settings]
    return (others[0] if others else None), [*settings, *others[1:]]


def _is_pair(word: str) -> bool:
    return re.match(r"[\w-]+=", word) is not None and not Path(word).exists()


class Setting(NamedTuple):
    """A setting as help shows it.

    Attributes:
        key: Its name.
        default: As it would be written on the command line; empty where there is none.
        meaning: One line, and the values that it takes where they are few.
    """

    key: str
    default: str
    meaning: str


class SettingGroup(NamedTuple):
    """The settings that one class declares, and what help calls them."""

    heading: str
    settings: list[Setting]


def settings_by_class(config_class: type[Config]) -> list[SettingGroup]:
    """The settings of a config class, in groups: its own first, then those of the classes that it extends."""
    groups: list[SettingGroup] = []
    listed: set[str] = set()
    for each in reversed(config_class.__mro__):
        keys = [key for key in config_class.model_fields if key in vars(each).get("__annotations__", {})]
        own = [_setting(config_class, key) for key in keys if key not in listed]
        groups.insert(0, SettingGroup(str(vars(each).get("heading", "")), own))
        listed |= set(keys)
    return [group for group in groups if group.settings]


def _setting(config_class: type[Config], key: str) -> Setting:
    field = config_class.model_fields[key]
    meaning = re.sub(r"\bNone\b", "none", field.description or "")  # as it is typed
    values = [value for kind in _alternatives(field.annotation) for value in _literals(kind)]
    if len(values) > 1:
        meaning = f"{meaning} [{', '.join(map(str, values))}]"
    return Setting(key, _default_text(field), meaning)


def _literals(kind: Any) -> tuple[Any, ...]:
    if get_origin(kind) is Literal:
        return get_args(kind)
    if get_origin(kind) in (tuple, list):
        return _literals(get_args(kind)[0])
    return ()


def _default_text(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    default = field.get_default(call_default_factory=True)
    if isinstance(default, tuple | list):
        return ",".join(map(str, default))
    return "none" if default is None else str(default).lower() if isinstance(default, bool) else str(default)


def _split(pairs: Sequence[str]) -> list[tuple[str, str]]:
    for pair in pairs:
        if "=" not in pair:
            raise ConfigError(
                f"{pair!r} is left over",
                "settings as key=value after the data",
                f"Write {pair}=VALUE, or drop it.",
            )
    return [(key.strip().replace("-", "_"), text) for key, _, text in (pair.partition("=") for pair in pairs)]


def _unknown(key: str, text: str, known: Iterable[str]) -> ConfigError:
    near = nearest_keys(key, known)
    if near:
        remedy = f"Write {near[0]}={text}; the --help of the command lists all settings."
        return ConfigError(f"unknown setting {key!r}", f"a setting such as {' or '.join(near)}", remedy)
    remedy = "The --help of the command lists all settings."
    return ConfigError(f"unknown setting {key!r}", "one of the settings that --help lists", remedy)


def _value(text: str, annotation: Any) -> Any:
    kinds = _alternatives(annotation)
    if type(None) in kinds and text.lower() in NOTHING:
        return None
    if any(get_origin(kind) in (tuple, list) for kind in kinds):
        if text.lower() in NOTHING:
            return []
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(kind for part in get_args(annotation) for kind in _alternatives(part))
    return (annotation,)
