"""A hundred read sentences: whether the loop runs, and attention finds its way; too few for a good voice.

    python benchmarks/accuracy/ljspeech.py --data FOLDER [--folder KEPT] [--epochs N] [--report PAGE] [--json]

FOLDER holds ljspeech100_flac22k.zip and metadata.csv. Sentences of at most 8 seconds are read as phonemes, at
22,050 Hz. The last eight are kept for the test, two before them choose the epoch, all others are learnt from.

`train_` scores are of the first 20 sentences that it learnt from, `test_` scores of the eight that it did
not, both spoken from nothing but their text. `monotone` says of how many the text was read in order to its
end, where attention may look anywhere (`free`), or is held to go on (`held`), by which half of that comes
true by itself. `near_diagonal` is how much of the free weights lies within a tenth of the diagonal; of those
that are spread evenly it is 0.19. `mcd` is the distance from the recordings.
"""

import csv
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from measure import parser, report

from recurra import Speaker
from recurra.data.sound import open_sound
from recurra.metrics.speech import mel_cepstral_distortion
from recurra.tasks.speak.config import SpeakAnswer
from recurra.tasks.speak.recordings import sounds_of
from recurra.tasks.speak.synthesis import Speech, answer
from recurra.tasks.speak.task import part, read_recordings

RATE = 22_050
LONGEST = 8.0  # seconds
TEST, VALIDATION, JUDGED = 8, 2, 20
NEAR = 0.1
SPEAKER: Mapping[str, Any] = {
    "cell": "gru",
    "hidden_size": 128,
    "reads": "phonemes",
    "sample_rate": RATE,
    "reduction": 5,
    "batch_size": 4,
}


def sentences(data: Path, folder: Path) -> pl.DataFrame:
    """Recordings and texts."""
    with zipfile.ZipFile(data / "ljspeech100_flac22k.zip") as archive:
        archive.extractall(folder)
    rows = []
    with (data / "metadata.csv").open(encoding="utf-8", newline="") as file:
        for name, _, text in csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE):
            path = folder / "wavs" / f"{name}.flac"
            if open_sound(path).seconds <= LONGEST:
                rows.append({"path": str(path), "text": text})
    return pl.DataFrame(rows)


def near_diagonal(speech: Speech) -> float:
    """The share of its weights that lies within a tenth of the diagonal."""
    assert speech.weights is not None
    steps, symbols = (np.arange(size) / max(size - 1, 1) for size in speech.weights.shape)
    near = np.abs(steps[:, None] - symbols) <= NEAR
    return float((speech.weights * near).sum() / speech.weights.sum())


def judged(speaker: Speaker, rows: pl.DataFrame, prefix: str) -> dict[str, float]:
    """How sentences are spoken."""
    fitted = speaker.fitted_
    free, held = (
        answer(fitted, part(rows["text"].to_list(), fitted, SpeakAnswer(look_ahead=ahead)))
        for ahead in (None, SpeakAnswer().look_ahead)
    )
    target = fitted.schema.target
    truth = [target.spectrum(one) for one in sounds_of(read_recordings(rows, fitted.config))]
    apart = [
        mel_cepstral_distortion(target.mel.frames(one.samples), other)
        for one, other in zip(held, truth, strict=True)
    ]
    return {
        f"{prefix}_monotone_free": round(float(np.mean([one.is_monotone for one in free])), 3),
        f"{prefix}_monotone_held": round(float(np.mean([one.is_monotone for one in held])), 3),
        f"{prefix}_ended_held": round(float(np.mean([bool(one.ended) for one in held])), 3),
        f"{prefix}_near_diagonal": round(float(np.mean([near_diagonal(one) for one in free])), 3),
        f"{prefix}_mcd": round(float(np.mean(apart)), 2),
    }


def main() -> None:
    """Train, score, and write the report."""
    own = parser(__doc__ or "", resumable=True)
    own.add_argument("--epochs", type=int, default=30)
    own.add_argument("--report", type=Path, help="where to write the report")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        with tempfile.TemporaryDirectory() as name:
            rows = sentences(options.data, Path(name))
            train, test = rows.head(-TEST - VALIDATION), rows.tail(TEST)
            validation = rows.tail(TEST + VALIDATION).head(VALIDATION)
            speaker = Speaker(**SPEAKER, max_epochs=options.epochs, seed=options.seed)
            kept = options.folder
            speaker.fit(train, validation=validation, test=test, folder=kept, resume=kept is not None)
            if kept is not None:
                speaker.save(kept / "saved", overwrite=True)
            if options.report is not None:
                speaker.report(options.report)
            return {
                "sentences": len(train),
                "seconds_of_speech": round(speaker.fitted_.schema.target.seconds),
                **judged(speaker, train.head(JUDGED), "train"),
                **judged(speaker, test, "test"),
            }

    report(run, options)


if __name__ == "__main__":
    main()
