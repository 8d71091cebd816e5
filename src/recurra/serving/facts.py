"""What clients need to know of a model's input, so that they can offer people a way in."""

from collections.abc import Mapping
from typing import Any

Facts = dict[str, Any]
_IMAGE = ("height", "width", "channels", "white", "mean")
_INK = ("height", "timing", "pressure", "upward")
_NOTES = ("form", "resolution", "tempo", "ties", "loudness")


def facts(program: Mapping[str, Any], run: Mapping[str, Any]) -> Facts:
    """What a model reads, as far as its files tell.

    Args:
        program: Metadata of its stream program; empty: it has none.
        run: What `config.json` of its run holds; empty: there is no run.

    Returns:
        "input", the kind of input; and where it has some: "columns" of whole data, each with "name", "kind"
        ("number", "category" with its "values", "time" or "name" of a series); "target" and "time", the
        columns of a series; "unit", what texts are cut into; "image", "ink" or "tune", how these are scaled.
    """
    schema, config = _mapping(run.get("schema")), _mapping(run.get("config"))
    encoding = _mapping(program.get("encoding") or schema.get("encoding") or schema.get("alphabet"))
    name = program.get("input") or schema.get("input") or config.get("input")
    found: Facts = {"input": name, **_of_series(program, schema)}
    if "unit" in encoding and isinstance(encoding["unit"], str):
        found["unit"] = encoding["unit"]
    if name == "table":
        found["columns"] = [_column(one) for one in encoding.get("columns", ())]
    elif name == "images":
        found["image"] = _some(encoding, _IMAGE)
    elif name == "strokes":
        found["ink"] = _some(encoding, _INK)
    elif name == "notes":
        found["tune"] = _some(encoding, _NOTES)
    return found


def labels_of(program: Mapping[str, Any], run: Mapping[str, Any]) -> list[str]:
    """The classes or tags that a model tells apart; none where it tells something else. As `facts`."""
    target = _mapping(_mapping(run.get("schema")).get("target"))
    places = (program, target)
    return list(next((one[key] for one in places for key in ("labels", "tags") if one.get(key)), ()))


def _of_series(program: Mapping[str, Any], schema: Mapping[str, Any]) -> Facts:
    """The columns of series over time; nothing where it reads none."""
    panel = _mapping(_mapping(schema.get("panel")).get("columns"))
    if not panel and "target" not in program:
        return {}
    about = panel or program
    own = [("name", about.get("unique_id")), ("time", about.get("time"))]
    targets = about.get("wide") or [about.get("target")]
    beside = [one for kind in ("past", "future", "static") for one in about.get(kind) or ()]
    own += [("number", one) for one in (*targets, *beside)]
    own += [("category", one) for one in about.get("categorical") or ()]
    columns = [{"name": name, "kind": kind} for kind, name in own if name]
    told = {"target": about.get("target"), "time": about.get("time"), "columns": columns}
    return {key: value for key, value in told.items() if value}


def _column(one: Mapping[str, Any]) -> Facts:
    if one.get("kind") == "numbers":
        return {"name": one["name"], "kind": "number"}
    return {"name": one["name"], "kind": "category", "values": list(one.get("values", ()))}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _some(encoding: Mapping[str, Any], names: tuple[str, ...]) -> Facts:
    return {name: encoding[name] for name in names if name in encoding}
