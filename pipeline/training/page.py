"""The page of a training: loss curves, how the rows of the tables are hit, what fewer bits cost.

Everything on it is computed from `config.yaml`, `metrics.jsonl`, `corpus/manifest.json` and `summary.json`, by `train`
and by `report`; one self-contained file, drawn like the report of a run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator

from library_store.files import write_atomically
from pipeline.report.drawing import draw
from pipeline.report.frame import MUTED, SERIES, Figure, Tile, fill, key
from pipeline.report.page import FOLDER

TEMPLATE = Path(__file__).parent / "template.html"

Line = Mapping[str, Any]


class Told(NamedTuple):
    """What the files of a training say."""

    steps: list[Line]
    evaluations: list[Line]
    buckets: list[Line]
    """Of the last evaluation."""
    corpus: Line
    settings: Line
    summary: Line
    """Empty before the end."""


def is_training(directory: Path) -> bool:
    """Whether a directory is one of `train`."""
    return (directory / "metrics.jsonl").is_file() and (directory / "corpus" / "manifest.json").is_file()


def read(directory: Path) -> Told:
    """Reads the files of a training."""
    lines = [json.loads(line) for line in (directory / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    kinds: dict[str, list[Line]] = {kind: [] for kind in ("train", "evaluation", "buckets")}
    for line in lines:
        kinds[line["kind"]].append(line)
    last = kinds["evaluation"][-1]["step"] if kinds["evaluation"] else 0
    summary = directory / "summary.json"
    return Told(
        kinds["train"],
        kinds["evaluation"],
        [line for line in kinds["buckets"] if line["step"] == last],
        json.loads((directory / "corpus" / "manifest.json").read_text(encoding="utf-8")),
        yaml.safe_load((directory / "config.yaml").read_text(encoding="utf-8"))["train"],
        json.loads(summary.read_text(encoding="utf-8")) if summary.is_file() else {},
    )


def write_report(directory: Path) -> Path:
    """Writes `report/index.html` in a training's directory; returns its path."""
    told = read(directory)
    folder = directory / FOLDER
    folder.mkdir(exist_ok=True)
    page = folder / "index.html"
    text = fill(
        TEMPLATE,
        name=directory.resolve().name,
        told=told,
        tiles=tiles(told),
        figures=[losses(told), spread(told)],
        settings=yaml.safe_dump(dict(told.settings), sort_keys=False, allow_unicode=True),
    )
    write_atomically(page, text.encode())
    return page


def tiles(told: Told) -> list[Tile]:
    """The numbers at the top of the page."""
    corpus = told.corpus
    found = [Tile(f"{told.evaluations[-1]['bits_per_byte']:.3f}", "bits per byte on held-out text")]
    if told.steps:
        last = told.steps[-1]
        seconds = last["seconds"]
        speed = f"{last['tokens'] / seconds:,.0f} tokens/s with evaluations" if seconds else ""
        found += [
            Tile(f"{last['step']:,} of {told.settings['recipe']['steps']:,}", "steps", f"{last['tokens']:,} tokens"),
            Tile(f"{seconds / 60:.1f} min", "wall time", speed),
        ]
    found += [
        Tile(
            f"{corpus['train']['bytes'] / 1e6:.1f} MB", "training text", f"{corpus['train']['documents']:,} documents"
        ),
        Tile(
            f"{corpus['held_out']['bytes'] / 1e6:.2f} MB",
            "held-out text",
            f"{corpus['held_out']['documents']:,} documents; an evaluation reads some of it",
        ),
        Tile(
            f"{corpus['cut']:,}",
            "declarations cut out",
            f"they say what one of {corpus['held_out_problems']:,} held-out problems says",
        ),
    ]
    if told.buckets:
        found.append(Tile(f"{dead(told.buckets):.1%}", "dead rows", "hit by no step of training"))
    return found


def dead(buckets: Sequence[Line]) -> float:
    """Share of the rows of all places that no step has hit."""
    rows = sum(line["tables"] * line["rows"] for line in buckets)
    return sum(line["dead"] * line["tables"] * line["rows"] for line in buckets) / rows if rows else 0.0


def losses(told: Told) -> Figure:
    """Loss against tokens: each step, their running mean, and the evaluations."""
    steps = [(line["tokens"], line["bits_per_byte"]) for line in told.steps]
    mean = _running([value for _, value in steps])

    def paint(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        if steps:
            places = [tokens for tokens, _ in steps]
            axes.plot(places, [value for _, value in steps], color=SERIES[7], linewidth=0.5, alpha=0.5)
            axes.plot(places, mean, color=SERIES[0], linewidth=1.5)
        held_out = [(line["tokens"], line["bits_per_byte"]) for line in told.evaluations]
        axes.plot(*zip(*held_out, strict=True), color=SERIES[1], linewidth=1.5, marker="o", markersize=3)
        lowest = min([value for _, value in held_out] + mean)
        axes.set_ylim(lowest * 0.9, min(8.0, max(value for _, value in [*held_out, *steps])) * 1.02)
        _plain(axes, "tokens of training", "bits per byte")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1e6:g}M"))

    caption = (
        f"n = {len(steps)} steps, {len(told.evaluations)} evaluations. The line of training is a running mean; "
        "the loss counts the bits of all tokens, those of document ends too, over the bytes of text."
    )
    legend = (key(SERIES[0], "training text"), key(SERIES[1], "held-out text"))
    wide, narrow = draw("loss-wide", (11.2, 3.4), paint), draw("loss-narrow", (3.5, 2.8), paint)
    return Figure("loss", "Loss", caption, legend, wide, narrow, broad=True)


def _running(values: Sequence[float], rate: float = 0.05) -> list[float]:
    """An exponential mean, its beginning corrected."""
    found: list[float] = []
    mean = weight = 0.0
    for value in values:
        mean, weight = mean + rate * (value - mean), weight + rate * (1 - weight)
        found.append(mean / weight)
    return found


_PLACES = {"attention": SERIES[0], "expand": SERIES[1], "contract": SERIES[2]}


def spread(told: Told) -> Figure:
    """Hits of rows by rank, a line for each hash."""
    title = "How evenly rows are hit"
    if not told.buckets:
        return Figure("spread", title, "A dense model has no tables.", (), "", "", broad=True)

    def paint(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        for line in told.buckets:
            ranks = [place / (len(line["curve"]) - 1) for place in range(len(line["curve"]))]
            colour = next(colour for name, colour in _PLACES.items() if f".{name}." in f".{line['place']}.")
            axes.plot(ranks, [max(value, 1e-3) for value in line["curve"]], color=colour, linewidth=1, alpha=0.7)
        axes.axhline(1, color=MUTED, linewidth=0.7, linestyle=(0, (4, 3)))
        axes.set_yscale("log")
        axes.set_xlim(0, 1)
        axes.set_xlabel("rank of a row in its table, as a share of the rows")
        axes.set_ylabel("hits / mean")

    counted = told.evaluations[-1]["held_out_tokens"]
    caption = (
        f"n = {len(told.buckets)} hashes, {counted:,} held-out tokens in the last evaluation; each line is the mean of "
        "a hash's tables, the most hit row first. Rows that were not hit are drawn at 0.001."
    )
    legend = tuple(key(colour, name) for name, colour in _PLACES.items())
    wide, narrow = draw("spread-wide", (11.2, 3.0), paint), draw("spread-narrow", (3.5, 2.8), paint)
    return Figure("spread", title, caption, legend, wide, narrow, broad=True)


def _plain(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))
