from typing import ClassVar, Literal

import pytest
from pydantic import Field

from recurra.cli.setting import Setting, parse_settings, settings_by_class
from recurra.config import Config, validated
from recurra.errors import ConfigError


class Below(Config):
    """Settings that another class extends.

    Attributes:
        rate: How fast; in
            units a second.
        clip: None leaves it alone.
        names: Any.
    """

    heading: ClassVar[str] = "How:"

    rate: float = 0.5
    clip: float | None = Field(default=1.0, gt=0)
    names: tuple[str, ...] = ("a", "b")


class Above(Below):
    """Settings.

    Attributes:
        horizon: Steps.
        rate: How fast here.
        kinds: What else.

    Something else:
        not_a_setting: At all.
    """

    horizon: int = Field(ge=1)
    rate: float = 2.0
    kinds: tuple[Literal["p", "q"], ...] = ()
    linear: bool = True


def parsed(*pairs: str, **options: str | None) -> Above:
    return validated(Above, parse_settings([Above], pairs, options))


def test_texts_become_values_of_the_right_kind() -> None:
    config = parsed("rate=1e-3", "names=x, y", "kinds=p,q", "linear=false", horizon="7", clip=None)
    assert config == Above(rate=1e-3, names=("x", "y"), kinds=("p", "q"), linear=False, horizon=7)


@pytest.mark.parametrize("word", ["none", "None", "null", "off"])
def test_none_is_written_as_a_word(word: str) -> None:
    assert parsed("horizon=1", f"clip={word}").clip is None


def test_a_value_may_contain_an_equals_sign_and_a_key_dashes() -> None:
    assert parsed("horizon=1", "names=a=b").names == ("a=b",)
    with pytest.raises(ConfigError, match="unknown setting 'not_there'"):
        parsed("not-there=1")


def test_an_empty_list_is_written_as_nothing() -> None:
    assert parsed("horizon=1", "names=").names == ()


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["horizn=3"], "unknown setting 'horizn'; expected a setting such as horizon"),
        (["qqqqqq=3"], "unknown setting 'qqqqqq'; expected one of the settings that --help lists"),
        (["horizon"], "'horizon' is left over; expected settings as key=value"),
        (["horizon=3", "horizon=4"], "horizon is given twice; expected each setting once"),
    ],
)
def test_what_cannot_be_read_is_named(pairs: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings([Above], pairs, {})
    assert message in str(caught.value)


def test_an_option_and_its_key_together_are_one_too_many() -> None:
    with pytest.raises(ConfigError, match="horizon is given twice"):
        parse_settings([Above], ["horizon=3"], {"horizon": "4"})


def test_help_lists_every_setting_once_with_the_nearest_default_and_meaning() -> None:
    own, below = settings_by_class(Above)
    assert own == (
        "",
        [
            Setting("horizon", "", "Steps."),
            Setting("kinds", "", "What else. [p, q]"),
            Setting("linear", "true", ""),
        ],
    )
    assert below == (
        "How:",
        [
            Setting("rate", "2.0", "How fast here."),
            Setting("clip", "1.0", "none leaves it alone."),
            Setting("names", "a,b", "Any."),
        ],
    )
