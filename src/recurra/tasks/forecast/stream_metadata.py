"""What the program of a forecaster says of itself, checked, since it may come from anywhere."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

from recurra.errors import DamagedError, RecurraError
from recurra.inputs.series.clock import Clock
from recurra.inputs.series.recent import Recent, from_document
from recurra.streaming import Program
from recurra.streaming.live import LARGEST, is_name, is_names
from recurra.tasks.forecast.stream_interval import DISTRIBUTIONS, levels_of, output_names


def checked(program: Program) -> Mapping[str, Any]:
    """A program's metadata.

    Raises:
        DamagedError: They are not what `Forecaster.to_program` gives.
    """
    about = program.metadata
    for name, (fits, expected) in _METADATA.items():
        if not fits(about.get(name)):
            raise _wrong_metadata(f"{name}={about.get(name)!r}", expected)
    _check_outputs(about)
    values, past = len(about["outputs"]) * about["horizon"], len(about["past"])
    if values != program.output_size:
        raise _wrong_metadata(
            f"outputs of {values} values", f"{program.output_size}, as the last layer gives"
        )
    if program.takes_ids or (past + 1, past) != (program.input_size, len(about["past_mean"])):
        expected = f"a mean for each, and {program.input_size} columns in all, as the first layer takes"
        raise _wrong_metadata(f"{past} covariates with {len(about['past_mean'])} means", expected)
    return about


def _check_outputs(about: Mapping[str, Any]) -> None:
    """Make sure that outputs are forecasts, or parameters with all that it takes to read them.

    Raises:
        DamagedError: They are not.
    """
    outputs, head, widening = about["outputs"], about.get("head"), about.get("widening")
    if head is None and not _are_outputs(outputs):
        raise _wrong_metadata(f"outputs={outputs!r}", "forecast, forecast-lo-80, ...")
    if head is None:
        return
    _, parameters = DISTRIBUTIONS[head]
    numbers = [about.get("mean"), about.get("unit"), *(widening if isinstance(widening, list) else ())]
    fits = tuple(outputs) == parameters and len(numbers) == 2 + about["horizon"]
    if not (fits and about.get("shown") and about.get("point") and _are_numbers(numbers) and numbers[1] > 0):
        expected = f"{', '.join(parameters)}, and what it takes to read them"
        raise _wrong_metadata(f"outputs={outputs!r} of head {head}", expected)


def clock_of(about: Mapping[str, Any]) -> Clock | None:
    """The clock that rows follow; None of programs that say nothing of times.

    Raises:
        DamagedError: What is said is no clock.
    """
    if about.get("clock") is None:
        return None
    try:
        return Clock.from_dict(about["clock"])
    except (RecurraError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise _wrong_metadata(f"a clock that is none ({error})", "one as recurra writes it") from error


def recent_of(about: Mapping[str, Any]) -> dict[str, Recent]:
    """The last rows of each series, where the program keeps any.

    Raises:
        DamagedError: What is said is none of that.
    """
    if about.get("recent") is None:
        return {}
    try:
        return from_document(about["recent"], 1 + len(about["past"]))
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise _wrong_metadata(f"recent rows that are none ({error})", "rows as recurra keeps them") from error


def _wrong_metadata(got: str, expected: str) -> DamagedError:
    return DamagedError(
        f"the program of a forecaster with {got}",
        expected,
        "Restore it from a copy, or export the model again.",
    )


def _are_outputs(given: object) -> bool:
    """Whether they are the names of a point forecast and of intervals."""
    try:
        return is_names(given) and given == output_names(levels_of(cast("list[str]", given)))
    except (TypeError, ValueError):
        return False


def _is_count(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 1


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and abs(given) <= LARGEST


def _are_numbers(given: object) -> bool:
    return isinstance(given, list) and all(map(_is_number, given))


_METADATA: Mapping[str, tuple[Callable[[Any], bool], str]] = MappingProxyType({
    "outputs": (is_names, "a list of names"),
    "shown": (lambda given: given is None or _are_outputs(given), "forecast, forecast-lo-80, ..., or none"),
    "head": (lambda given: given in (None, *DISTRIBUTIONS), f"{', '.join(DISTRIBUTIONS)}, or none"),
    "point": (lambda given: given in (None, "median", "mean"), "median or mean"),
    "floor": (lambda given: given is None or _is_number(given), "a number, or none"),
    "horizon": (_is_count, "a whole number of at least 1"),
    "target": (is_name, "the name of a column"),
    "time": (is_name, "the name of a column"),
    "unique_id": (lambda given: given is None or is_name(given), "the name of a column, or none"),
    "series": (_is_count, "a whole number of at least 1"),
    "wide": (lambda given: given is None or is_names(given), "a list of columns, or none"),
    "past": (is_names, "a list of columns"),
    "past_mean": (_are_numbers, "a list of numbers"),
    "decimal": (lambda given: given in (None, "", ".", ","), "a point, a comma, or none"),
    "centre": (lambda given: given in ("last", "mean"), "last or mean"),
})  # fmt: skip
