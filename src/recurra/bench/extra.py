"""The optional packages that some peers need."""

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from recurra.errors import MissingDependencyError

INSTALL = "pip install 'recurra[bench]'"

PACKAGES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "onnxruntime": ("onnx", "onnxruntime"),
    "onnxruntime.io_binding": ("onnx", "onnxruntime"),
    "onnxruntime.batch": ("onnx", "onnxruntime"),
    "openvino": ("onnx", "openvino"),
    "jax": ("jax",),
})  # fmt: skip
"""What a peer needs, where it needs anything beyond recurra's own dependencies."""


def missing_packages(peer: str) -> list[str]:
    """Those that a peer needs and that are not installed."""
    return [name for name in PACKAGES.get(peer, ()) if importlib.util.find_spec(name) is None]


def installed_packages() -> list[str]:
    """Those of all that some peer needs."""
    names = {name: None for packages in PACKAGES.values() for name in packages}
    return [name for name in names if importlib.util.find_spec(name) is not None]


def load(name: str) -> Any:
    """Import an optional package, or a module of it."""
    return importlib.import_module(name)


def check_installed(peers: Sequence[str]) -> None:
    """Check that peers have what they need.

    Raises:
        MissingDependencyError: One has not.
    """
    for peer in peers:
        for package in missing_packages(peer):
            raise MissingDependencyError(
                f"peer {peer} without {package}", f"{package} to be installed", f"Run: {INSTALL}"
            )
