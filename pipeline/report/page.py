"""Writes RUN/report/index.html and its figures: one page that needs nothing from outside.

Of an earlier round N they are in RUN/report/round-N/. The page holds its style, its script and its drawings, and names
no address; the figures also lie beside it as SVG files for use elsewhere. It is written whole or not at all, and the
same snapshot gives the same bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from domain import UserError
from library_store.files import write_atomically
from library_store.snapshot import read
from library_store.tables import manifests
from pipeline.report.facts import SOLVERS, Facts, LemmaFacts, ProblemFacts
from pipeline.report.figures import figures
from pipeline.report.frame import VARIABLES, Figure, Tile, fill
from pipeline.report.gather import gather
from pipeline.report.uses import shorten, uses

TEMPLATE = Path(__file__).parent / "template.html"
FOLDER = "report"


class SplitRow(NamedTuple):
    """How the problems of one split fared: `by_round` are newly proved ones."""

    split: str
    problems: int
    by_round: tuple[int, ...]
    by_solver: tuple[int, ...]
    unproved: tuple[int, ...]
    """The others, by status as `unproved` names them."""


def write_report(run: Path, at_round: int | None = None) -> Path:
    """Writes the report of a run directory as of a round (default: the last finished one); returns its path.

    Raises:
        UserError: `run` is no run directory, or has no such round.
    """
    tables = read(run, at_round)
    if tables.round < 1:
        raise UserError(f"{run} has rounds 1 to {len(manifests(run))}, not {at_round}: choose one of them")
    facts = gather(tables)
    drawn = [*figures(facts), uses(facts)]
    folder = run / FOLDER / f"round-{at_round}" if at_round is not None else run / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for figure in drawn:
        path = folder / f"{figure.id}.svg"
        if figure.wide:
            write_atomically(path, _standalone(figure.wide).encode())
        else:
            path.unlink(missing_ok=True)
    page = folder / "index.html"
    write_atomically(page, render(facts, drawn, name=run.resolve().name, settings=_settings(run)).encode())
    return page


def render(facts: Facts, drawn: Sequence[Figure], *, name: str, settings: str) -> str:
    """The page as text. `settings` is the resolved configuration, or empty when the directory does not hold it."""
    return fill(
        TEMPLATE,
        name=name,
        facts=facts,
        settings=settings,
        tiles=tiles(facts),
        figures={figure.id: figure for figure in drawn},
        splits=splits(facts),
        unproved=unproved(facts),
        solvers=SOLVERS,
        provable=provable(facts),
        findings=findings(facts),
        shorten=shorten,
    )


def tiles(facts: Facts) -> list[Tile]:
    """The numbers at the top of the page."""
    count = {name: f"{value:,.0f}" for name, value in facts.counts.items()}
    per_round = Counter(problem.round for problem in facts.proved)
    return [
        Tile(f"{count['solved']} of {count['problems']}", "problems proved"),
        *([Tile(count["refuted"], "problems refuted", "their negation is proved")] if facts.refuted else []),
        _by_round([per_round[number] for number in facts.rounds]),
        Tile(
            count["solved_with_library"],
            "proved with a lemma from elsewhere",
            f"{count['solved_with_any_lemma']} with any library lemma",
        ),
        Tile(
            count["lemmas"],
            "lemmas in the library",
            f"{count['lemmas_rechecked']} rechecked; proofs of problems rest on {count['lemmas_carrying']}, "
            f"directly on {count['lemmas_used']}",
        ),
        Tile(
            count["lemmas_used_abroad"],
            "lemmas used outside their origin",
            f"{count['lemmas_used_abroad_twice']} by two or more problems",
        ),
        Tile(count["attempts"], "attempts", f"{count['candidates']} candidates"),
        Tile(count["tokens"], "tokens", f"{count['tokens_in']} read, {count['tokens_out']} written"),
        Tile(f"{count['cpu_seconds']} s", "CPU time", "whole process tree" if facts.cpu_whole else "attempts alone"),
    ]


def _by_round(proved: list[int]) -> Tile:
    if len(proved) <= 5:
        return Tile(" + ".join(map(str, proved)), "newly proved, round by round")
    return Tile(f"{proved[0]} + {sum(proved[1:])}", f"newly proved in round 1 and in rounds 2 to {len(proved)}")


def unproved(facts: Facts) -> list[str]:
    """What a problem without a proof may be here: open always, refuted or an error where there is one."""
    found = {problem.status for problem in facts.problems}
    return [status for status in ("refuted", "error", "open") if status == "open" or status in found]


def splits(facts: Facts) -> list[SplitRow]:
    """One row for each split, and one for all of them where there are several."""
    names = list(dict.fromkeys(problem.split for problem in facts.problems))

    def row(split: str, problems: Sequence[ProblemFacts]) -> SplitRow:
        keys = ("round", "solver", "status")
        rounds, solvers, statuses = (Counter(getattr(problem, key) for problem in problems) for key in keys)
        return SplitRow(
            split or "(none)",
            len(problems),
            tuple(rounds[number] for number in facts.rounds),
            tuple(solvers[solver] for solver in SOLVERS),
            tuple(statuses[status] for status in unproved(facts)),
        )

    rows = [row(name, [problem for problem in facts.problems if problem.split == name]) for name in names]
    return rows if len(rows) < 2 else [*rows, row("all", facts.problems)]


def provable(facts: Facts) -> list[tuple[ProblemFacts, list[LemmaFacts]]]:
    """Problems whose proofs need library lemmas, with these lemmas: first those that had failed before."""
    found = [
        (problem, [facts.lemmas[use] for use in problem.uses if use in facts.lemmas])
        for problem in facts.proved
        if problem.uses
    ]
    return sorted(found, key=lambda pair: (pair[0].failed_before == 0, pair[0].round or 0, pair[0].name))


def findings(facts: Facts) -> list[str]:
    """What did not happen, in words: a report that leaves out its null results misleads."""
    automation, model = facts.by_source
    said: list[str] = []
    if not facts.counts["solved_with_library"]:
        said.append(f"No proof needs a lemma from another problem (n = {len(facts.proved)} proofs).")
    if not facts.counts["lemmas_used_abroad"]:
        said.append(f"No lemma is used outside its origin (n = {len(facts.lemmas)} lemmas).")
    if not model.attempts:
        said.append("The language model was not asked.")
    elif not model.problems and not model.lemmas:
        said.append(f"The language model proved no problem and made no lemma (n = {model.attempts:,} attempts).")
    elif not model.problems:
        said.append(f"The language model proved no problem (n = {model.attempts:,} attempts).")
    twins, through = facts.counts["lemmas_rediscovered"], facts.counts["solved_with_rediscovered"]
    if twins:
        said.append(
            f"{twins:.0f} lemmas that proposers found state exactly what a problem of this run states; "
            f"the proofs of {through:.0f} problems need one of them."
        )
    if not automation.problems:
        said.append(f"Automation proved no problem (n = {automation.attempts:,} attempts).")
    return said


def _settings(run: Path) -> str:
    path = run / "config.yaml"
    if not path.is_file():
        return ""
    tree: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


def _standalone(svg: str) -> str:
    """The drawing as a file of its own: with name spaces, and with colours in place of variables."""
    for colour, variable in VARIABLES.items():
        svg = svg.replace(f"var(--{variable})", colour)
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return re.sub(r"<svg ", f"<svg {spaces} ", svg, count=1)
