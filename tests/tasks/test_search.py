"""Where a search for good settings looks: every field's range holds values that the field takes."""

from typing import get_args

import pytest

from recurra.config import Search, searches_of, validated
from recurra.errors import ConfigError
from recurra.experiment.search_space import for_data
from recurra.tasks.registry import config_classes, entries

CLASSES = [each for entry in entries().values() for each in config_classes(entry).values()]


@pytest.mark.parametrize("config", CLASSES, ids=lambda each: each.__name__)
def test_the_ends_of_every_range_are_values_of_the_field(config: type) -> None:
    required = {key: 1 for key, field in config.model_fields.items() if field.is_required()}
    for key, search in searches_of(config).items():
        kind, place = config.model_fields[key].annotation, search
        if search.relative:
            usual = validated(config, {**required, key: 40})
            kind, place = int, for_data({key: search}, usual)[key]
        ends = place.choices or (place.low, place.high)
        values = [int(end) if kind is int else end for end in ends]
        for value in values:
            assert getattr(validated(config, {**required, key: value}), key) == value
        assert search.choices or search.low < search.high
        assert not search.log or search.low > 0
        if kind not in (int, float, str):
            assert set(search.choices) <= set(get_args(kind))


@pytest.mark.parametrize("entry", entries().values(), ids=lambda entry: entry.name)
def test_every_task_says_where_to_look(entry) -> None:
    searches = searches_of(entry.load("config"))
    assert {"hidden_size", "num_layers", "dropout", "learning_rate"} <= searches.keys()
    assert searches["learning_rate"].log


def test_a_new_default_keeps_the_range() -> None:
    class Wide(entries()["classify"].load("config")):
        learning_rate: float = 0.5

    assert searches_of(Wide)["learning_rate"] == Search(1e-4, 3e-2, log=True)
    with pytest.raises(ConfigError, match="learning_rate"):
        validated(Wide, {"learning_rate": "fast"})
