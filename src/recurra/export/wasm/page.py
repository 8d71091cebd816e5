"""A page on which one tries a net by hand: one file that needs no server and nothing from elsewhere."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2
from markupsafe import Markup

from recurra.export.exportable import Exportable
from recurra.export.handling import Told
from recurra.report import page as report
from recurra.streaming import Program
from recurra.version import __version__

_HERE = Path(__file__).parent
_SENTENCES: Mapping[Told, str] = MappingProxyType({
    "probabilities": "After every step it says what the sequence is, if it ended there.",
    "shares": "After every step it says what holds of the sequence, if it ended there.",
    "scores": "It says of every step what it is.",
    "next": "It says what comes next, and goes on with a text.",
    "path": "After every step it forecasts those that come.",
    "surprise": "It expects the next value, and says how far out the one is that comes.",
    "numbers": "It gives numbers after every step.",
})  # fmt: skip


def module_text(net: Exportable, program: Program, name: str) -> str:
    """The ES module over NAME.wasm."""
    about = {
        "name": name,
        "inputSize": 0 if program.takes_ids else program.input_size,
        "vocabulary": program.vocabulary or 0,
        "outputSize": program.output_size,
        "outputs": list(net.outputs),
    }
    text = (_HERE / "module.js").read_text(encoding="utf-8").replace("VERSION", __version__)
    return text.replace('"ABOUT"', _script(about))


def page_text(net: Exportable, program: Program, name: str, wasm: bytes, *, title: str, weights: str) -> str:
    """The page, with the net in it.

    Args:
        net: The net.
        program: Its program.
        name: What it is called in the module.
        wasm: The module.
        title: Of the page.
        weights: "float32" or "int8".
    """
    handling = net.handling
    about = {
        "wasm": base64.b64encode(wasm).decode(),
        "handling": {**handling._asdict(), "cutting": handling.cutting and handling.cutting._asdict()},
        "outputs": list(net.outputs),
        "units": net.about.get("units", {}),
        "lookAhead": net.about.get("look_ahead", 0),
    }
    module = module_text(net, program, name).replace("export const", "const").replace("export ", "")
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=title,
            kind=name,
            net=net,
            sentence=_SENTENCES[handling.told],
            size=_size(len(wasm)),
            weights=weights,
            about=_script(about),
            module=Markup(module),  # noqa: S704  # our own; names in it are JSON
        )
    )


def _environment() -> jinja2.Environment:
    folders = [_HERE, report.TEMPLATES]
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def _script(document: Any) -> Markup:
    """JSON within a script element, which ends at the first "</"."""
    return Markup(json.dumps(document).replace("<", "\\u003c"))  # noqa: S704


def _size(number: int) -> str:
    return f"{number / 1000:,.0f} kB" if number < 10**6 else f"{number / 10**6:,.1f} MB"
