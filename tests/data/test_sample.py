import numpy as np
import pytest

from recurra.data.sample import check_source, sample_names, sample_path
from recurra.errors import DataError
from recurra.inputs.series.frequency import Frequency
from recurra.inputs.series.panel import Panel


def test_every_sample_is_a_panel_of_its_frequency() -> None:
    expected = {
        "co2": (Frequency(1, "w"), [2284]),
        "elnino": (Frequency(1, "mo", 1), [732]),
        "macro": (Frequency(1, "q", 1), [203] * 9),
        "pump": (Frequency(15, "min"), [2880]),
        "sunspots": (Frequency(1, "y", 1), [309]),
    }
    assert sample_names() == sorted(expected)
    for name, (frequency, lengths) in expected.items():
        panel = Panel.build(f"sample:{name}")
        assert panel.frequency == frequency
        assert panel.lengths.tolist() == lengths
        assert sample_path(name).stat().st_size < 100_000


def test_the_gaps_of_the_measurements_are_kept() -> None:
    panel = Panel.build("sample:co2")
    assert int(np.isnan(panel.target).sum()) == 59
    assert panel.repairs == ["filled 59 steps without a row as missing, on a grid of 1w"]


def test_every_sample_has_its_source_and_licence() -> None:
    text = sample_path("co2").with_name("README.md").read_text()
    assert "public domain" in text
    assert all(f"`{name}`" in text for name in sample_names())


def test_an_unknown_sample_lists_the_names() -> None:
    with pytest.raises(DataError, match=r"no sample is named 'sunspot'; .* 'sunspots'\?"):
        sample_path("sunspot")
    with pytest.raises(DataError, match=r"expected one of co2, elnino, macro, pump, sunspots\. Choose one"):
        sample_path("xyz")


@pytest.mark.parametrize("source", ["", "  ", "nowhere.csv", "sample:nothing"])
def test_a_name_of_nothing_is_refused(source: str) -> None:
    with pytest.raises(DataError):
        check_source(source)
