"""A picture of shapes is told in a sentence, aloud.

    python examples/tell_picture.py picture.png --drawn 7 -o told.wav
    python examples/tell_picture.py picture.png -o told.wav

`--drawn` draws a picture first, from that seed. Two nets are trained where `--runs` does not hold them yet: a
captioner of 5,000 made-up pictures, and a speaker of phrases that espeak-ng says (extras vision, audio,
speech). Each may be a run of your own: a captioner of photographs tells photographs. The sentence is said
phrase by phrase, as the speaker learnt it.
"""

import argparse
import ctypes
import re
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import espeakng_loader
import numpy as np
import polars as pl
from PIL import Image

from recurra import Captioner, Speaker
from recurra.data.sound import file_of, sound_file
from recurra.inputs.generated_shapes import RELATIONS, every_sentence, shape_pictures

SEEN = {"view": "grid", "patch": 8, "rotation": 0.0, "shear": 0.0, "scaling": 0.0, "shift": 0.0}
TOLD = {"hidden_size": 96, "target_size": 64, "batch_size": 32, "learning_rate": 4e-3, "dropout": 0.0}
SAID = {"hidden_size": 96, "num_mels": 40, "reduction": 4, "batch_size": 8, "learning_rate": 3e-3}
PACES = (130, 150, 170)  # words a minute
PHRASES = re.compile(rf" ({'|'.join(RELATIONS)}) ")
HEARD = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def captioner(run: Path, epochs: int) -> Captioner:
    """The net that looks: of a run, which is made where there is none."""
    if not run.exists():
        pictures, sentences, _ = shape_pictures(5_000, seed=1)
        kind = pl.Array(pl.UInt8, pictures.shape[1:])
        frame = pl.DataFrame({"image": pl.Series(pictures, dtype=kind), "caption": sentences})
        Captioner(**SEEN, **TOLD, max_epochs=epochs, test_size=0).fit(frame).save(run)
    return Captioner.load(run)


def speaker(run: Path, epochs: int) -> Speaker:
    """The net that speaks: of a run, which is made where there is none."""
    if not run.exists():
        phrases = sorted({part for one in every_sentence() for part in PHRASES.split(one)})
        with tempfile.TemporaryDirectory() as folder:
            for number, (phrase, pace) in enumerate(product(phrases, PACES)):
                place = Path(folder, f"{number:03}.wav")
                place.write_bytes(file_of(*by_rule(phrase, pace), ".wav"))
                place.with_suffix(".txt").write_text(phrase)
            Speaker(**SAID, max_epochs=epochs).fit(folder).save(run)
    return Speaker.load(run)


def by_rule(text: str, words_a_minute: int) -> tuple[np.ndarray, int]:
    """The samples of a text as espeak-ng says it, and how many there are a second."""
    library, parts = ctypes.CDLL(espeakng_loader.get_library_path()), []

    def hear(samples: Any, count: int, _: Any) -> int:
        parts.append(np.ctypeslib.as_array(samples, (count,)).copy() if count > 0 else np.zeros(0))
        return 0

    rate, heard = library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0), HEARD(hear)
    library.espeak_SetSynthCallback(heard)
    library.espeak_SetVoiceByName(b"en-us")
    library.espeak_SetParameter(1, words_a_minute, 0)
    library.espeak_Synth(text.encode(), len(text) + 1, 0, 0, 0, 1, None, None)
    return np.concatenate(parts).astype(np.float32) / 2**15, rate


def main() -> None:
    """Look, write, speak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--drawn", type=int, metavar="SEED", help="draw the picture first")
    parser.add_argument("--runs", type=Path, default=Path("runs/tell_picture"), help="where nets are kept")
    parser.add_argument("--captioner", type=Path, help="a run that looks")
    parser.add_argument("--speaker", type=Path, help="a run that speaks")
    parser.add_argument("--epochs", type=int, nargs=2, default=(20, 40), help="of the one and the other")
    parser.add_argument("-o", "--output", type=Path, default=Path("told.wav"))
    options = parser.parse_args()
    if options.drawn is not None:
        Image.fromarray(shape_pictures(1, options.drawn)[0][0]).save(options.picture)
    look = captioner(options.captioner or options.runs / "captioner", options.epochs[0])
    told = look.predict(options.picture)["prediction"][0]
    print(told)
    voice = speaker(options.speaker or options.runs / "speaker", options.epochs[1])
    said = voice.predict(PHRASES.split(told), samples=True)
    options.output.write_bytes(sound_file(said, 0.08, ".wav"))


if __name__ == "__main__":
    main()
