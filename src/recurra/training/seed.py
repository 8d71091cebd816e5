"""Where randomness starts, and how it is taken up again.

Everything random in training draws from torch's generators. Sources of batches draw from `(seed, epoch,
index)` instead, so they have no state.
"""

import torch
from torch import Tensor


def seed_everything(seed: int, rank: int = 0) -> None:
    """Start torch's generators; processes of one run get streams of their own, the first the seed's own."""
    torch.manual_seed((seed + rank * 0x9E3779B97F4A7C15) % 2**63)


def random_state(device: torch.device) -> dict[str, Tensor]:
    """The generators' states, as bytes: of the CPU, and of the device when it is another."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def restore_random_state(states: dict[str, Tensor], device: torch.device) -> None:
    """Set the generators back to what `random_state` gave; one of a device not used now is passed over."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    if device.type == "mps" and "mps" in states:
        torch.mps.set_rng_state(states["mps"])
