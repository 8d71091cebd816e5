import io
import struct

import numpy as np
import pytest
import soundfile

from recurra.data.pcm import open_stream
from recurra.errors import ConfigError, DataError

NOISE = np.random.default_rng(0).uniform(-0.9, 0.9, (1001, 2)).astype(np.float32)


def reader(content: bytes, size: int):
    """Gives pieces of at most `size` bytes."""
    file = io.BytesIO(content)
    return lambda count: file.read(min(count, size))


def heard(content: bytes, size: int = 2**16, rate: int | None = None):
    stream = open_stream(reader(content, size), rate, 8_000)
    return stream.rate, np.concatenate([np.zeros(0, np.float32), *stream.pieces])


def wav(subtype: str, samples=NOISE, rate: int = 11_025, form: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize("form", ["WAV", "WAVEX"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_a_wav_has_the_bits_of_the_file(subtype: str, form: str) -> None:
    content = wav(subtype, form=form)
    expected, rate = soundfile.read(io.BytesIO(content), dtype="float32")
    for size in (1, 7, 4096, 2**16):
        found_rate, found = heard(content, size)
        assert found_rate == rate
        np.testing.assert_array_equal(found, expected.mean(axis=1, dtype=np.float32))


def test_raw_samples_in_pieces_of_any_size() -> None:
    values = np.random.default_rng(1).integers(-(2**15), 2**15, 500).astype("<i2")
    for size in (1, 3, 1000):
        rate, found = heard(values.tobytes(), size)
        assert rate == 8_000
        np.testing.assert_array_equal(found, values.astype(np.float32) / 32768)
    assert heard(values.tobytes() + b"\1", rate=16_000)[1].size == 500  # half a sample is none
    assert heard(values.tobytes(), rate=16_000)[0] == 16_000


def test_the_size_in_a_header_counts_unless_it_is_unknown() -> None:
    content = wav("PCM_16")
    at = content.index(b"data") + 4
    assert heard(content + b"LIST\4\0\0\0more")[1].size == len(NOISE)
    endless = content[:at] + struct.pack("<I", 0xFFFFFFFF) + content[at + 4 :]
    assert heard(endless)[1].size == len(NOISE)


@pytest.mark.parametrize("content", [b"", b"\0", b"RI"])
def test_next_to_nothing(content: bytes) -> None:
    assert heard(content)[1].size == len(content) // 2


def test_a_file_that_is_called_sound_is_not_taken_as_raw() -> None:
    content = io.BytesIO(b"this is no recording")
    with pytest.raises(DataError, match="this"):
        open_stream(content.read, None, 8_000, raw=False)
    assert [*open_stream(io.BytesIO(b"").read, None, 8_000, raw=False).pieces] == []


def test_what_is_no_such_sound() -> None:
    with pytest.raises(DataError, match="header"):
        heard(wav("PCM_16")[:30])
    with pytest.raises(DataError, match="code 6"):
        heard(wav("ALAW"))
    with pytest.raises(DataError, match="ffmpeg"):
        heard(wav("PCM_16", form="FLAC"))
    with pytest.raises(DataError, match="no number"):
        heard(wav("FLOAT", np.array([0.0, np.nan, 0.0], np.float32)))
    content = bytearray(wav("PCM_16"))
    for rate in (0, 2**32 - 1):
        content[24:28] = struct.pack("<I", rate)
        with pytest.raises(DataError, match=f"{rate} a second"):
            heard(bytes(content))
    with pytest.raises(ConfigError, match="1000000"):
        heard(bytes(8), rate=2_000_000)
    with pytest.raises(ConfigError, match="--rate"):
        heard(wav("PCM_16"), rate=8_000)
