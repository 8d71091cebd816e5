"""Frames as a waveform by a small recurrence on the engine, as they come; no torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from recurra.decoding.subbands import Subbands
from recurra.errors import DamagedError
from recurra.files import damage_told
from recurra.streaming import PROGRAM, Activation, Affine, Program
from recurra.streaming.live import Memory, wrong_state

TASK = "vocode"
_MARKS, _BYTES = 3, 4  # of a snapshot, and of each of its numbers
_MOST = 1.5  # times the largest sample of the training part, beyond which none is drawn


class Sound(NamedTuple):
    """How a waveform is described.

    Attributes:
        mel: The fields of the `recurra.decoding.waveform.MelSpectrogram` whose frames are read.
        bands: Bands that are drawn.
        history: Steps before that are read.
        context: Frames that are read on each side of a sample.
        least: Logarithm of the smallest deviation.
    """

    mel: Mapping[str, Any]
    bands: int
    history: int
    context: int
    least: float


class Vocoding:
    """What makes waveforms of frames; it and its writers are used by one thread at a time.

    Args:
        program: What `recurra train vocode` made.
        weights: "float32", "bfloat16" or "int8".

    Attributes:
        sound: How a waveform is described.
        hop: Samples of a frame.

    Raises:
        DamagedError: The program is another.
    """

    def __init__(self, program: Program, weights: str = "float32") -> None:
        arrays = program.arrays
        try:
            self.sound = Sound(**program.metadata["sound"])
            wide = (arrays["first"], arrays["first_bias"]), (arrays["second"], arrays["second_bias"])
            self.mean, self.deviation = arrays["mean"], arrays["deviation"]
            self.scale, self.peak = arrays["band_deviation"], arrays["peak"]
            self.hop = round(self.sound.mel["rate"] * self.sound.mel["shift"] / 1000)
            self.bands = Subbands(self.sound.bands)
            conditions = Program([Affine(*wide[0]), Activation("relu"), Affine(*wide[1])])
            direct = Program([Affine(arrays["direct"])])
            self.steps = self.hop // self.sound.bands
            self._check(program, conditions, direct)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise DamagedError(
                f"a program that is none of a vocoder ({type(error).__name__}: {error})",
                "one of recurra train vocode",
                "Give the run of one.",
            ) from error
        self.condition, self.direct = conditions.session(weights), direct.session()
        self.joining = Program([Affine(self.bands.joining.astype(np.float32))]).session()
        self.blank = program.session(weights)

    def _check(self, program: Program, conditions: Program, direct: Program) -> None:
        """Make sure that all of it fits together.

        Raises:
            ValueError: It does not.
        """
        sound, mels = self.sound, self.sound.mel["num_mels"]
        past, own = sound.bands * sound.history, (sound.bands,)
        sizes = {
            "steps of a frame": (self.hop, self.steps * sound.bands),
            "frames that are read": (conditions.input_size, 2 * sound.context * mels),
            "conditions": (conditions.output_size, self.steps * (program.input_size - past)),
            "samples that are read": (direct.input_size, past),
            "samples foretold": (direct.output_size, sound.bands),
            "outputs": (program.output_size, 2 * sound.bands),
            "scales of frames": ((self.mean.shape, self.deviation.shape), ((mels,), (mels,))),
            "scales of bands": ((self.scale.shape, self.peak.shape), (own, own)),
        }
        for name, (found, right) in sizes.items():
            if found != right:
                raise ValueError(f"{name}: {found}, not {right}")
        if sound.context < 1 or sound.history < 1 or self.steps < 1 or program.input_size <= past:
            raise ValueError(f"{sound}")

    @classmethod
    def of_run(cls, run: Path) -> "Vocoding":
        """That of a run folder.

        Raises:
            DamagedError: There is none, or it is none of a vocoder.
        """
        with damage_told(run):
            return cls(Program.load(run / PROGRAM))

    def waveform(
        self, frames: Float32[np.ndarray, "time bands"], seed: int, temperature: float
    ) -> Float32[np.ndarray, " samples"]:
        """The waveform of all frames, the first one's middle being its first sample.

        Args:
            frames: As `MelSpectrogram.frames` makes them.
            seed: Where randomness starts.
            temperature: Factor on all deviations.
        """
        if not len(frames):
            return np.zeros(0, np.float32)
        writer = Writer(self, seed, temperature)
        return np.concatenate([writer.push(frames), writer.end()])


class Writer:
    """A waveform that is written as its frames come: the same numbers whatever they come in.

    Args:
        vocoding: With what.
        seed: Where randomness starts.
        temperature: Factor on all deviations.
    """

    def __init__(self, vocoding: Vocoding, seed: int, temperature: float) -> None:
        self._own, self._seed, self._temperature = vocoding, seed, np.float32(temperature)
        self._session = vocoding.blank.fork()
        self._early = vocoding.bands.ahead  # steps before the first one, which make no samples
        self._past = np.zeros(vocoding.sound.history * vocoding.sound.bands, np.float32)
        self._heard = np.zeros((vocoding.bands.around - 1, vocoding.sound.bands), np.float32)
        self._waiting: list[np.ndarray] = []
        self._written = 0

    def push(self, frames: Float32[np.ndarray, "time bands"]) -> Float32[np.ndarray, " samples"]:
        """Take some more frames; samples of which all is known."""
        scaled = list((frames - self._own.mean) / self._own.deviation)
        if scaled and not self._waiting:
            self._waiting = scaled[:1] * (self._own.sound.context - 1)  # before the first one is the same
        return self._written_of(scaled)

    def end(self) -> Float32[np.ndarray, " samples"]:
        """The samples that were still waiting: behind the last frame is the same."""
        rest = self._written_of(self._waiting[-1:] * (self._own.sound.context - 1))
        nothing = np.zeros((self._own.bands.ahead, self._own.sound.bands), np.float32)
        return np.concatenate([rest, self._joined(nothing)])

    def noise(self, frame: int) -> Float32[np.ndarray, "steps bands"]:
        """What is drawn in a frame, before deviations: normal, and the same wherever one begins."""
        random = np.random.Generator(np.random.Philox(key=self._seed, counter=[0, 7, frame, 0]))
        return random.standard_normal((self._own.steps, self._own.sound.bands), np.float32)

    def snapshot(self) -> Memory:
        """All that is remembered, but for the seed and the temperature."""
        waiting = np.array(self._waiting, np.float32).reshape(-1)
        numbers = np.concatenate([self._past, waiting, self._heard.reshape(-1)])
        marks = self._written, self._early, len(self._waiting)
        return Memory(self._session.snapshot(), None, marks, numbers.astype("<f4").tobytes())

    def restore(self, memory: Memory) -> None:
        """Go on from a snapshot.

        Raises:
            ArtifactError: It is damaged, or of another program.
        """
        own, size = self._own, len(self._past)
        if memory.last is not None or len(memory.marks) != _MARKS or min(memory.marks) < 0:
            raise wrong_state()
        written, early, waiting = memory.marks
        wide = waiting * len(own.mean)
        if len(memory.beside) != _BYTES * (size + wide + self._heard.size):
            raise wrong_state()
        numbers = np.frombuffer(memory.beside, "<f4").astype(np.float32)
        self._session.restore(memory.content)
        self._past = numbers[:size]
        self._waiting = list(numbers[size : size + wide].reshape(waiting, len(own.mean)))
        self._heard = numbers[size + wide :].reshape(self._heard.shape)
        self._written, self._early = written, early

    def _written_of(self, scaled: Sequence[np.ndarray]) -> Float32[np.ndarray, " samples"]:
        """The samples of which all is known once these frames are."""
        self._waiting += scaled
        parts, wide = [np.zeros((0, self._own.sound.bands), np.float32)], 2 * self._own.sound.context
        while len(self._waiting) >= wide:
            parts.append(self._frame(np.concatenate(self._waiting[:wide])))
            self._waiting.pop(0)
        return self._joined(np.concatenate(parts))

    def _frame(self, around: Float32[np.ndarray, " features"]) -> Float32[np.ndarray, "steps bands"]:
        """All steps of a frame."""
        own, sound = self._own, self._own.sound
        count, bands = own.steps, sound.bands
        conditions = own.condition.step(around).reshape(count, -1)
        noise = self.noise(self._written) * self._temperature
        self._written += 1
        size = len(self._past)
        flat = np.concatenate([self._past, np.empty(count * bands, np.float32)])
        given = np.empty(size + conditions.shape[1], np.float32)
        told, direct = np.empty(2 * bands, np.float32), np.empty(bands, np.float32)
        least, most = np.float32(sound.least), _MOST * own.peak
        step, ahead = self._session.step, own.direct.step
        for number in range(count):
            begin = number * bands
            given[:size] = flat[begin : begin + size]
            given[size:] = conditions[number]
            step(given, told)
            ahead(given[:size], direct)
            drawn = told[:bands] + direct + np.exp(np.maximum(told[bands:], least)) * noise[number]
            np.clip(drawn, -most, most, out=flat[begin + size : begin + size + bands])
        self._past = flat[-size:]
        return flat[size:].reshape(count, bands) * own.scale

    def _joined(self, steps: Float32[np.ndarray, "steps bands"]) -> Float32[np.ndarray, " samples"]:
        """The samples that some more steps settle."""
        both = np.concatenate([self._heard, steps])
        self._heard = both[len(steps) :]
        if not len(steps):
            return np.zeros(0, np.float32)
        samples = self._own.joining.run(self._own.bands.windows(both))
        early = min(self._early, len(samples))
        self._early -= early
        found: np.ndarray = samples[early:].reshape(-1).clip(-1, 1)
        return found
