"""A stream program as a header and a source file of C99, for what has no Python: a microcontroller, say."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from recurra.errors import ConfigError
from recurra.export.c.library import text_of
from recurra.export.c.operation import OPERATIONS
from recurra.export.c.writer import Writer
from recurra.streaming import Program
from recurra.streaming.layer import Operation
from recurra.streaming.network import Network
from recurra.version import __version__

WEIGHTS = ("float32", "int8")


_FUSING = """\
#if defined FP_FAST_FMAF || defined __FMA__ || defined __ARM_FEATURE_FMA
#define HAS_FMAF
#endif
#ifdef __clang__ /* It fuses on its own account otherwise; gcc does so without -std=c99. */
#pragma STDC FP_CONTRACT OFF
#endif"""


class CSource(NamedTuple):
    """Two files.

    Attributes:
        header: NAME.h.
        source: NAME.c.
        state_bytes: What the state of a sequence takes, without what the compiler may add.
    """

    header: str
    source: str
    state_bytes: int


def c_source(
    program: Program,
    name: str,
    *,
    weights: str = "float32",
    outputs: Sequence[str] = (),
    about: Sequence[str] = (),
) -> CSource:
    """Write a stream program as C99: no heap, no dependencies but the C library, weights as constants.

    A step gives what `Program.session(weights)` gives: the same bits where the processor has fused
    multiply-adds, the compiler makes none of its own (-std=c99), and no layer sums over features apart from
    its products (softmax, layer norm); otherwise within rounding.

    Args:
        program: It.
        name: What functions and files are called after.
        weights: "float32" or "int8".
        outputs: Names of the outputs, which the source has as a table; none for no table.
        about: Sentences for the header.

    Raises:
        ConfigError: The name is none in C, or there are no weights of this type.
    """
    check_name(name)
    if weights not in WEIGHTS:
        raise ConfigError(f"weights={weights!r} in C", f"one of {', '.join(WEIGHTS)}", "Choose one of these.")
    operations = Network(program.layers).operations()
    writer = Writer(weights)
    begin = _beginning(writer, operations[0])
    for number, own in enumerate(operations):
        if own["kind"] != "embedding":
            OPERATIONS[own["kind"]](writer, f"layer{number}", own)
    end = f"memcpy(output, state->{writer.values}, {program.output_size} * sizeof(float));"
    size = 4 * (sum(writer.state.values()) + sum(writer.room.values()))
    names = outputs if len(outputs) == program.output_size else ()
    header = _header(program, name, writer, names, about)
    return CSource(header, _source(name, writer, [*begin, *writer.calls, end], names, program), size)


def check_name(name: str) -> None:
    """Make sure that a name is one in C.

    Raises:
        ConfigError: It is none.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,30}", name):
        raise ConfigError(
            f"the name {name!r}", "a letter, then letters, digits and _, at most 31", "Give another name."
        )


def _beginning(writer: Writer, first: Operation) -> list[str]:
    """How a step takes its input."""
    if first["kind"] != "embedding":
        place = writer.current(first["inputs"])
        return [f"memcpy({place}, input, {first['inputs']} * sizeof(float));"]
    size, place = first["outputs"], writer.current(first["outputs"])
    table = writer.constant("layer0_weight", first["weight_ih"])
    return [f"memcpy({place}, {table} + (size_t)id * {size}, {size} * sizeof(float));"]


def _signature(program: Program, name: str) -> str:
    upper = name.upper()
    taken = "int32_t id" if program.takes_ids else f"const float input[{upper}_INPUT_SIZE]"
    result = "int" if program.takes_ids else "void"
    return f"{result} {name}_step({name}_state *state, {taken}, float output[{upper}_OUTPUT_SIZE])"


def _header(program: Program, name: str, writer: Writer, outputs: Sequence[str], about: Sequence[str]) -> str:
    upper = name.upper()
    said = "".join(f" * {_comment(one)}\n" for one in about)
    sizes = [
        f"#define {upper}_INPUT_SIZE {program.input_size}",
        f"#define {upper}_OUTPUT_SIZE {program.output_size}",
    ]
    if program.takes_ids:
        sizes[0] = f"#define {upper}_VOCABULARY {program.vocabulary}"
    state = "\n".join(f"  float {field}[{size}];" for field, size in writer.state.items())
    room = "\n".join(
        f"  {'int8_t' if field == 'quantized' else 'float'} {field}[{size}];"
        for field, size in writer.room.items()
    )
    step = (
        "/* One step of an id. Returns 0; 1 where there is no such id, and then nothing changes. */"
        if program.takes_ids
        else "/* One step. */"
    )
    table = f"""
/* What each output is of, in UTF-8. */
extern const char *const {name}_outputs[{upper}_OUTPUT_SIZE];
"""
    return f"""/* {name}.h: a recurrent net, made by recurra {__version__}.
{said} */
#ifndef {upper}_H
#define {upper}_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

{chr(10).join(sizes)}

/* One sequence. As many may go on at once as there are states; a state is used by one thread at a time. */
typedef struct {{
{state or "  /* No layer remembers anything. */"}
  /* Room to compute in, which holds nothing between steps. */
{room}
}} {name}_state;

/* Make a state ready, before its first step. */
void {name}_init({name}_state *state);

/* Begin a new sequence. */
void {name}_reset({name}_state *state);

{step}
{_signature(program, name)};
{table if outputs else ""}
#ifdef __cplusplus
}}
#endif

#endif
"""


def _source(
    name: str, writer: Writer, statements: Sequence[str], outputs: Sequence[str], program: Program
) -> str:
    loops = ["int32_t j;"] if any(one.startswith("for (j") for one in statements) else []
    guard = [f"if (id < 0 || id >= {name.upper()}_VOCABULARY) return 1;"] if program.takes_ids else []
    end = ["return 0;"] if program.takes_ids else []
    body = "\n".join(f"  {one}" for one in (*loops, *guard, *statements, *end))
    texts = ",\n".join(f'  "{_text(one)}"' for one in outputs)
    table = f"const char *const {name}_outputs[{name.upper()}_OUTPUT_SIZE] = {{\n{texts},\n}};\n\n"
    constants = "\n\n".join(writer.constants)
    return f"""/* {name}.c: see {name}.h. Compile it with -std=c99 -O2, for the processor it runs on. */
#include "{name}.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

{_FUSING}

{text_of(writer.needs)}

{constants}

{table if outputs else ""}void {name}_init({name}_state *state) {{ {name}_reset(state); }}

void {name}_reset({name}_state *state) {{ memset(state, 0, sizeof *state); }}

{_signature(program, name)} {{
{body}
}}
"""


def _comment(text: str) -> str:
    return text.replace("*/", "* /").replace("\n", " ")


def _text(name: str) -> str:
    """A text within quotes of C: what is no plain letter as octal numbers of its bytes."""
    plain = {ord(one) for one in map(chr, range(32, 127))} - set(b'"\\?')
    return "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in name.encode())
