"""Learning curves of several nets in one figure, or in one for each length of a problem."""

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


def draw_side_by_side(
    panels: Mapping[str, Mapping[str, Sequence[float]]], chances: Mapping[str, float], unit: str, path: str
) -> None:
    """Draw losses over epochs, a panel for each length, all on the same logarithmic axis.

    Args:
        panels: Losses by name, by the title of a panel; nets have the same names in all.
        chances: What knowing nothing gives, by the title.
        unit: What a loss is.
        path: Where to, by its ending SVG or PNG.
    """
    figure = Figure(figsize=(2.6 * len(panels) + 1.4, 3.4), layout="constrained")
    every = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    colours = {name: f"C{number}" for number, name in enumerate(names)}
    for axes, (title, curves) in zip(every, panels.items(), strict=True):
        for name, losses in curves.items():
            axes.plot(range(1, len(losses) + 1), losses, label=name, color=colours[name], linewidth=1.5)
        axes.axhline(chances[title], color="0.5", linestyle="--", linewidth=1, label="knowing nothing")
        axes.set(yscale="log", title=title, xlabel="epochs of 100 batches")
        axes.spines[["top", "right"]].set_visible(False)
    every[0].set_ylabel(unit)
    shown = {
        label: line for axes in every for line, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    order = [*names, "knowing nothing"]
    lines = [shown[label] for label in order]
    figure.legend(lines, order, frameon=False, loc="outside lower center", ncols=len(panels) + 1)
    figure.savefig(path)
