"""NAME.h and NAME.c."""

from pathlib import Path

import numpy as np

from recurra.export.c import c_source
from recurra.export.exportable import Exportable, needed
from recurra.export.target.target import Snippet, Target, Written
from recurra.files import write_text
from recurra.streaming import Program

_STEPS = 1000  # of which the difference of int8 is told


def write(net: Exportable, folder: Path, name: str, int8: bool) -> Written:
    """Write the program of a net."""
    program = needed(net.program)
    weights = "int8" if int8 else "float32"
    about = (f"A step takes {net.reads}", f"It gives {net.gives}")
    source = c_source(program, name, weights=weights, outputs=net.outputs, about=about)
    write_text(folder / f"{name}.h", source.header)
    write_text(folder / f"{name}.c", source.source)
    notes = [f"{weights} weights; a state takes {source.state_bytes:,} bytes, and nothing is allocated."]
    if int8:
        notes.append(difference(net, program))
    return Written(_snippets(name, program), notes)


def difference(net: Exportable, program: Program) -> str:
    """What int8 changes, in a sentence: the engine's int8 is computed in the same way."""
    sequences, what = net.measured(_STEPS)
    exact = np.concatenate([program.session().run(one) for one in sequences])
    error = np.abs(np.concatenate([program.session("int8").run(one) for one in sequences]) - exact)
    return (
        f"int8 changes outputs by {error.mean():.2g} on average, by {error.max():.2g} at most; they deviate "
        f"by {exact.std():.2g} (measured on {what})."
    )


def _snippets(name: str, program: Program) -> list[Snippet]:
    upper = name.upper()
    takes = (
        f"    if ({name}_step(&state, step % {upper}_VOCABULARY, output) != 0) return 1;\n"
        if program.takes_ids
        else f"    const float input[{upper}_INPUT_SIZE] = {{0}};\n    {name}_step(&state, input, output);\n"
    )
    main = f"""#include <stdio.h>

#include "{name}.h"

int main(void) {{
  static {name}_state state;
  float output[{upper}_OUTPUT_SIZE];
  int step;
  {name}_init(&state);
  for (step = 0; step < 3; ++step) {{
{takes}    printf("%g\\n", (double)output[0]);
  }}
  return 0;
}}"""
    command = f"cc -std=c99 -O2 -o {name} main.c {name}.c -lm\n./{name}"
    return [Snippet("main.c", "c", main), Snippet("Compile and run it", "console", command)]


C = Target("c", write)
