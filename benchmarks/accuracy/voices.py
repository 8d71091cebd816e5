"""English digits in many voices that espeak-ng makes, to learn from beside recordings of people.

A voice is one of espeak-ng's variants in an accent of English, or in another language in whose spelling it
gets the words, at a pitch, a liveliness and a pace of its own. It needs `pip install 'recurra[speech]'`.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import soundfile

sys.path.append(str(Path(__file__).parents[2] / "tools"))
from spoken_digits import RATE, WORDS, Speaker

ENGLISH = (
    "en", "en-us", "en-029", "en-us-nyc",
    "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd",
)  # fmt: skip
SPELT = {
    "de": ("siero/siro/ziro", "wann/won", "tuh/tu", "sri/ssrih/fri", "foor/fohr", "feif/faif",
           "ssicks/sicks", "sewwen/ssewen", "äit/eht", "nain/nein"),
    "fr": ("zirô/ziro", "ouane/ouone", "tou", "sri/frie/zri", "faure/fore", "faïve/faïf", "sixe",
           "sévène/sèveune", "éïte/ète", "naïne"),
    "nl": ("ziro/zierro", "wan/won", "toe", "srie/frie", "foor", "faif/vaaif", "siks", "sevven/zeven",
           "eet/eit", "nain/naain"),
    "es": ("sirou/siro", "uan", "tu", "zri/tri", "for", "faif", "six/sics", "seven", "eit", "nain"),
    "it": ("ziro/siro", "uan", "tu", "sri/tri", "for", "faiv", "sics", "seven", "eit", "nain"),
    "pl": ("ziro", "łan", "tu", "sri/fri", "for", "fajw", "syks", "sewen", "ejt", "najn"),
}  # fmt: skip
"""The words as who reads another language would write them, zero to nine."""
VARIANTS = (
    "Alex", "Alicia", "Andrea", "Andy", "Annie", "AnxiousAndy", "Denis", "Diogo", "Gene", "Gene2", "Henrique",
    "Hugo", "Jacky", "Lee", "Marco", "Mario", "Michael", "Mike", "Mr serious", "Nguyen", "Reed",
    "RicishayMax", "RicishayMax2", "RicishayMax3", "adam", "anika", "antonio", "aunty", "belinda", "benjamin",
    "caleb", "david", "ed", "edward", "edward2", "f1", "f2", "f3", "f4", "f5", "grandma", "grandpa",
    "gustave", "ian", "iven", "iven2", "iven3", "iven4", "john", "klatt", "klatt2", "klatt3", "klatt4",
    "klatt5", "linda", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "marcelo", "max", "michel", "miguel",
    "mike2", "norbert", "pablo", "paul", "pedro", "quincy", "rob", "robert", "sandro", "shelby", "steph",
    "steph2", "steph3", "travis", "victor", "zac",
)  # fmt: skip
"""Those of espeak-ng 1.52 that are neither whispers nor robots."""
FOREIGN = 1 / 3  # share of the voices that speak another language
PACE, PITCH, RANGE = (70, 300), (15, 85), (10, 100)  # words a minute, espeak-ng's percent
SECONDS = (0.08, 1.2)  # what lasts less or more is no such word
LOUDEST = 0.5


def made(folder: Path, count: int, seed: int) -> pl.DataFrame:
    """So many recordings of each digit, every one in a voice of its own, as files in a folder.

    Returns:
        Columns `path` and `label`, "0" to "9".
    """
    random, speaker, rows = np.random.default_rng(seed), Speaker(), []
    speaker.seed(seed)
    for number in range(count):
        for digit in range(10):
            path = folder / f"{digit}_made_{number}.wav"
            soundfile.write(path, _said(digit, speaker, random), RATE)
            rows.append({"path": str(path), "label": str(digit)})
    return pl.DataFrame(rows)


def _said(digit: int, speaker: Speaker, random: np.random.Generator) -> np.ndarray:
    """A digit in some voice, as loud as all others."""
    while True:
        foreign = random.random() < FOREIGN
        language = str(random.choice([*SPELT] if foreign else ENGLISH))
        text = str(random.choice(SPELT[language][digit].split("/"))) if foreign else WORDS[digit]
        pace, pitch, lively = (int(random.integers(*bounds)) for bounds in (PACE, PITCH, RANGE))
        samples = speaker.say(text, f"{language}+{random.choice(VARIANTS)}", pace, pitch, lively)
        if SECONDS[0] * RATE < len(samples) < SECONDS[1] * RATE:
            return samples * np.float32(LOUDEST / np.abs(samples).max())
