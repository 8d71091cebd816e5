"""Learning curves of several nets in one figure."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure


def draw(curves: Mapping[str, Sequence[float]], chances: Mapping[str, float], unit: str, path: str) -> None:
    """Draw losses over epochs, on a logarithmic axis.

    Args:
        curves: Losses by name.
        chances: What knowing nothing gives, by what it is called.
        unit: What a loss is.
        path: Where to, by its ending SVG or PNG.
    """
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for name, losses in curves.items():
        axes.plot(range(1, len(losses) + 1), losses, label=name, linewidth=1.5)
    shared = set(chances.values())
    lines = {"knowing nothing": shared.pop()} if len(shared) == 1 else chances
    for label, value in lines.items():
        axes.axhline(value, color="0.5", linestyle="--", linewidth=1, label=label)
    axes.set(yscale="log", xlabel="epoch", ylabel=unit)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path)
