"""What checks the pages of the documentation."""

from pathlib import Path

import pytest
from tools.fetches_nothing import main


def site(folder: Path, page: str, style: str = "") -> Path:
    (folder / "index.html").write_text(page)
    (folder / "site.css").write_text(style)
    return folder


def test_pages_may_link_to_elsewhere(tmp_path: Path) -> None:
    main(
        site(tmp_path, '<a href="https://onnx.ai">ONNX</a><script src="own.js"></script>', "a { color: red }")
    )


@pytest.mark.parametrize(
    ("page", "style"),
    [
        ('<script src="https://cdn.example/x.js"></script>', ""),
        ('<link rel="stylesheet" href="//fonts.example/x.css">', ""),
        ('<img src="http://example.org/x.png">', ""),
        ("", "@font-face { src: url('https://fonts.example/x.woff2') }"),
    ],
)
def test_pages_that_fetch_from_elsewhere_are_told(tmp_path: Path, page: str, style: str) -> None:
    with pytest.raises(SystemExit, match="//"):
        main(site(tmp_path, page, style))


def test_a_folder_without_pages_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no pages"):
        main(tmp_path)
