import polars as pl
import pytest
from tests.tasks.forecast.example import hourly

from recurra.inputs.series.columns import Columns
from recurra.inputs.series.panel import Panel
from recurra.tasks.forecast.schema import last_time, recent_rows

COLUMNS = Columns("unique_id", "ds", "y", past=("heat",), future=("price", "kind"), static=("size",))


def panel() -> Panel:
    frame = hourly({"a": 20, "b": 13})
    hour = pl.int_range(pl.len()).over("unique_id")
    length = pl.len().over("unique_id")
    frame = frame.with_columns(
        heat=hour * 0.5,
        price=hour * 2.0,
        kind=pl.format("k{}", hour % 3),
        size=length * 1.0,
        y=pl.when((hour < length - 3) & (hour % 5 != 1)).then("y"),
    )
    return Panel.build(frame, COLUMNS)


@pytest.mark.parametrize("steps", [2, 6, 15, 50])
def test_the_last_steps_and_the_known_future_remain(steps: int):
    whole = panel()
    again = Panel.build(recent_rows(whole, steps), schema=whole.schema)
    assert again.ids == whole.ids
    for index, length in enumerate(whole.lengths):
        kept = int(again.lengths[index])
        assert min(steps - 1, int(length) - 1) <= kept <= steps
        assert again.times(index).tolist() == whole.times(index)[-kept:].tolist()
        assert again.series(index).tobytes() == whole.series(index)[-kept:].tobytes()
        ends = int(again.offsets[index + 1]), int(whole.offsets[index + 1])
        for values, all_values in (
            (again.future, whole.future),
            (again.future_codes, whole.future_codes),
            (again.past, whole.past),
        ):
            rows = kept + 3
            assert (
                values[ends[0] - rows : ends[0]].tobytes() == all_values[ends[1] - rows : ends[1]].tobytes()
            )
    assert again.static.tobytes() == whole.static.tobytes()


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["2023-01-14T05:00:00+02:00", "2023-01-14T06:00:00+02:00"], "2023-01-14T06:00:00+02:00"),
        (["05.02.2024", "06.02.2024"], "06.02.2024"),
        ([1_705_208_400_000, 1_705_212_000_000], "1705212000000"),
    ],
)
def test_the_last_time_is_told_as_the_table_writes_it(times: list[object], expected: str) -> None:
    frame = pl.DataFrame({"ds": times, "y": [1.0, 2.0]})
    one = Panel.build(frame)
    assert last_time(one, one.lengths) == expected
