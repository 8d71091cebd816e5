"""NAME.wasm, NAME.js over it, and index.html, where one tries the net by hand."""

from pathlib import Path

from recurra.export.c import c_source
from recurra.export.exportable import Exportable, needed
from recurra.export.target.c import difference
from recurra.export.target.target import Snippet, Target, Written
from recurra.export.wasm.compiler import to_wasm
from recurra.export.wasm.page import module_text, page_text
from recurra.files import write_bytes, write_text

PAGE = "index.html"


def write(net: Exportable, folder: Path, name: str, int8: bool) -> Written:
    """Compile the program of a net, and write what calls it."""
    program = needed(net.program)
    weights = "int8" if int8 else "float32"
    wasm = to_wasm(c_source(program, name, weights=weights), name)
    write_bytes(folder / f"{name}.wasm", wasm)
    write_text(folder / f"{name}.js", module_text(net, program, name))
    write_text(folder / PAGE, page_text(net, program, name, wasm, title=name, weights=weights))
    notes = [difference(net, program)] if int8 else []
    notes += [f"Open {PAGE} in a browser, from the disk or from any server, and try it by hand."]
    return Written([Snippet("In a page or a worker", "javascript", _example(name, program.takes_ids))], notes)


def _example(name: str, takes_ids: bool) -> str:
    step = "0" if takes_ids else "new Float32Array(ABOUT.inputSize)"
    return f"""import {{ ABOUT, load }} from "./{name}.js";

const net = await load();
const state = net.init();
console.log(net.step(state, {step}), ABOUT.outputs);
net.reset(state);"""


WASM = Target("wasm", write)
