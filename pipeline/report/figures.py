"""The figures of a report. Every caption says n, and a figure without data says so in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from pipeline.report.drawing import draw, label_bars
from pipeline.report.facts import REPAIRED, SOLVERS, SOURCES, STAGES, Facts, Solve, Source
from pipeline.report.frame import AUTOMATION, INK, LINE, MODEL, MUTED, SERIES, WITH_LIBRARY, Figure, key

SOLVER_COLOURS = dict(zip(SOLVERS, (AUTOMATION, WITH_LIBRARY, MODEL), strict=True))
SOURCE_COLOURS = dict(zip(SOURCES, (AUTOMATION, MODEL), strict=True))


def figures(facts: Facts) -> list[Figure]:
    """All figures but the graph of uses, in the order of the page."""
    return [solved(facts), growth(facts), cost(facts), funnel(facts)]


# ------------------------------------------------------------------------------------------------------ solved


def solved(facts: Facts) -> Figure:
    total = len(facts.problems)
    count = {solver: sum(solve.solver == solver for solve in facts.solves) for solver in SOLVERS}
    caption = (
        f"n = {total} problems, {len(facts.solves)} proved: "
        + ", ".join(f"{count[solver]} by {solver}" for solver in SOLVERS)
        + ". CPU seconds are those of the attempts, one after the other."
    )
    legend = tuple(key(SOLVER_COLOURS[solver], f"{solver} ({count[solver]})") for solver in SOLVERS)
    title = "Solved over time"
    if not facts.solves:
        return Figure("solved", title, f"No problem was proved (n = {total} problems).", (), "", "", broad=True)
    timed = all(solve.at is not None for solve in facts.solves)
    panels: list[Callable[[Axes], None]] = [lambda axes: _by_cpu(axes, facts)]
    if timed:
        panels.append(lambda axes: _by_time(axes, facts))

    def wide(canvas: Canvas) -> None:
        for panel, axes in zip(panels, _row(canvas, len(panels)), strict=True):
            panel(axes)

    def narrow(canvas: Canvas) -> None:
        for panel, axes in zip(panels, _column(canvas, len(panels)), strict=True):
            panel(axes)

    return Figure(
        "solved",
        title,
        caption,
        legend,
        draw("solved-wide", (11.2, 3.1), wide),
        draw("solved-narrow", (3.5, 2.6 * len(panels)), narrow),
        broad=True,
    )


def _by_cpu(axes: Axes, facts: Facts) -> None:
    end = max([*facts.round_ends, *(solve.cpu_seconds for solve in facts.solves), 1e-9]) * 1.02
    _steps(axes, [(solve.cpu_seconds, solve) for solve in facts.solves], end, len(facts.problems))
    axes.set_xlabel("CPU seconds of attempts")
    labelled = 0.0
    for number, at in zip(facts.rounds, facts.round_ends, strict=True):
        axes.axvline(at, color=LINE, linewidth=1, zorder=0)
        if at - labelled < 0.2 * end:
            continue  # its label would touch the one before
        labelled = at
        axes.text(at, len(facts.problems) * 1.02, f"round {number} ", ha="right", va="bottom", color=MUTED, fontsize=8)


def _by_time(axes: Axes, facts: Facts) -> None:
    times = [(solve.at / 60, solve) for solve in facts.solves if solve.at is not None]
    _steps(axes, times, max(at for at, _ in times) * 1.02, len(facts.problems))
    axes.set_xlabel("minutes since the start")


def _steps(axes: Axes, moments: Sequence[tuple[float, Solve]], end: float, total: int) -> None:
    moments = sorted(moments, key=lambda moment: moment[0])
    edges = [0.0, *(at for at, _ in moments), end]
    layers: list[list[int]] = []
    for solver in SOLVERS:
        values = [0]
        for _, solve in moments:
            values.append(values[-1] + (solve.solver == solver))
        layers.append([*values, values[-1]])
    base = [0] * len(edges)
    for solver, values in zip(SOLVERS, layers, strict=True):
        top = [low + value for low, value in zip(base, values, strict=True)]
        axes.fill_between(edges, base, top, step="post", color=SOLVER_COLOURS[solver], alpha=0.9, linewidth=0)
        base = top
    axes.axhline(total, color=MUTED, linewidth=0.7, linestyle=(0, (4, 3)))
    axes.text(end * 0.01, total * 0.985, f"all {total}", ha="left", va="top", color=MUTED, fontsize=8)
    axes.set_xlim(0, end)
    axes.set_ylim(0, total * 1.1)
    axes.set_ylabel("problems proved")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_locator(MaxNLocator(5))


# ------------------------------------------------------------------------------------------------------ growth


def growth(facts: Facts) -> Figure:
    total = sum(sum(values) for values in facts.growth.values())
    title = "Library growth by operator"
    if not total:
        return Figure("growth", title, "No lemma was admitted (n = 0 lemmas).", (), "", "")
    shown = _grouped(facts.growth, len(SERIES))
    legend = tuple(
        key(colour, f"{operator.replace('_', ' ')} ({sum(values)})")
        for colour, (operator, values) in zip(SERIES, shown.items(), strict=False)
    )

    def paint(canvas: Canvas) -> None:
        (axes,) = _row(canvas, 1)
        places = range(len(facts.growth_rounds))
        base = [0] * len(places)
        for colour, values in zip(SERIES, shown.values(), strict=False):
            so_far = [sum(values[: place + 1]) for place in places]
            axes.bar(places, so_far, bottom=base, color=colour, width=0.62)
            base = [low + value for low, value in zip(base, so_far, strict=True)]
        for place, height in zip(places, base, strict=True):
            axes.text(place, height + base[-1] * 0.02, f"{height:,}", ha="center", va="bottom", color=INK)
        few = len(places) <= 4
        names = [f"round {number}" if few else str(number) for number in facts.growth_rounds]
        axes.set_xticks(
            list(places),
            ["given" if not number else name for number, name in zip(facts.growth_rounds, names, strict=True)],
        )
        axes.set_xlabel("" if few else "round")
        axes.set_xlim(-0.6, len(places) - 0.4)
        axes.set_ylim(0, base[-1] * 1.12)
        axes.set_ylabel("lemmas admitted so far")
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))

    retired = f", {facts.retired} of them retired since" if facts.retired else ""
    caption = f"n = {total} lemmas admitted{retired}."
    return Figure("growth", title, caption, legend, *_both("growth", (5.4, 3.0), (3.5, 2.6), paint))


def _grouped(growth: dict[str, list[int]], limit: int) -> dict[str, list[int]]:
    if len(growth) <= limit:
        return growth
    names = list(growth)
    rest = [sum(column) for column in zip(*(growth[name] for name in names[limit - 1 :]), strict=True)]
    return {name: growth[name] for name in names[: limit - 1]} | {"other": rest}


# -------------------------------------------------------------------------------------------------------- cost


def cost(facts: Facts) -> Figure:
    seconds = {part: value for part, value in facts.cpu_by_part.items() if value > 0}
    tokens = facts.tokens_by_part
    spent = sum(seconds.values())
    read, written = (sum(pair[side] for pair in tokens.values()) for side in (0, 1))
    whole = "of the whole process tree" if facts.cpu_whole else "of the attempts alone; the rest was not measured"
    caption = f"n = {spent:,.0f} CPU seconds ({whole}), {read + written:,} tokens ({read:,} read, {written:,} written)."
    title = "Seconds and tokens by part"
    if not seconds and not tokens:
        return Figure("cost", title, "Nothing was spent (n = 0 CPU seconds, 0 tokens).", (), "", "")
    legend = (key(SERIES[0], "CPU seconds"), key(SERIES[7], "tokens read"), key(SERIES[3], "tokens written"))

    def paint(canvas: Canvas) -> None:
        upper, lower = _column(canvas, 2, heights=[max(len(seconds), 1), max(len(tokens), 1)])
        names = list(seconds)
        upper.barh(names, [seconds[name] for name in names], color=SERIES[0], height=0.6)
        label_bars(upper, list(seconds.values()), [f"{value:,.1f} s" for value in seconds.values()])
        if not tokens:
            lower.set_axis_off()
            lower.text(0.0, 0.5, "no tokens: no language model was asked", color=MUTED, transform=lower.transAxes)
            return
        parts = list(tokens)
        inputs = [float(tokens[part][0]) for part in parts]
        outputs = [float(tokens[part][1]) for part in parts]
        lower.barh(parts, inputs, color=SERIES[7], height=0.6)
        lower.barh(parts, outputs, left=inputs, color=SERIES[3], height=0.6)
        sums = [a + b for a, b in zip(inputs, outputs, strict=True)]
        label_bars(lower, sums, [f"{value:,.0f}" for value in sums])

    height = 0.7 + 0.3 * (len(seconds) + max(len(tokens), 1))
    return Figure("cost", title, caption, legend, *_both("cost", (5.4, max(height, 2.0)), (3.5, height), paint))


# ------------------------------------------------------------------------------------------------------ funnel


def funnel(facts: Facts) -> Figure:
    proposed = {source: facts.funnel[source]["proposed"] or 0 for source in SOURCES}
    title = "Funnel of candidates"
    caption = (
        f"n = {proposed['automation']:,} candidates of automation and {proposed['language model']:,} of the language "
        "model. Each number is followed by its share of the stage before that was recorded; the last "
        "two stages count lemmas: admitted to the library, and those that the proof of a problem rests on."
    )
    repaired = facts.funnel["language model"][REPAIRED]
    if repaired is not None:
        caption += f" Of the language model's elaborated candidates {repaired:,} were so only after repair."
    if not any(proposed.values()):
        return Figure("funnel", title, "No candidate was recorded (n = 0).", (), "", "", broad=True)

    def wide(canvas: Canvas) -> None:
        for source, axes in zip(SOURCES, _row(canvas, 2), strict=True):
            _stages(axes, facts.funnel[source], source)

    def narrow(canvas: Canvas) -> None:
        for source, axes in zip(SOURCES, _column(canvas, 2), strict=True):
            _stages(axes, facts.funnel[source], source)

    return Figure(
        "funnel",
        title,
        caption,
        (),
        draw("funnel-wide", (11.2, 2.3), wide),
        draw("funnel-narrow", (3.5, 4.4), narrow),
        broad=True,
    )


def _stages(axes: Axes, reached: dict[str, int | None], source: Source) -> None:
    values: list[float] = []
    texts: list[str] = []
    before: int | None = None
    for stage, _ in STAGES:
        value = reached[stage]
        values.append(float(value or 0))
        share = f" ({value / before:.0%})" if value is not None and before else ""
        texts.append("not recorded" if value is None else f"{value:,}{share}")
        before = before if value is None else value
    axes.barh([word for _, word in STAGES], values, color=SOURCE_COLOURS[source], height=0.62)
    label_bars(axes, values, texts)
    axes.set_title(source, loc="left", fontsize=9, color=MUTED)


# ------------------------------------------------------------------------------------------------------ layout


def _row(canvas: Canvas, count: int) -> list[Axes]:
    return [canvas.add_subplot(1, count, place + 1) for place in range(count)]


def _column(canvas: Canvas, count: int, heights: list[int] | None = None) -> list[Axes]:
    grid = canvas.add_gridspec(count, 1, height_ratios=heights)
    return [canvas.add_subplot(grid[place, 0]) for place in range(count)]


def _both(
    name: str, wide: tuple[float, float], narrow: tuple[float, float], paint: Callable[[Canvas], None]
) -> tuple[str, str]:
    return draw(f"{name}-wide", wide, paint), draw(f"{name}-narrow", narrow, paint)
