"""`python -m pipeline graph SOURCE`: the dependencies between lemmas, as tables, graph files and a page.

Invariant: everything is computed from the tables of finished rounds, whose checksums are verified on reading.
"""

import json
import time
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from domain import OutsideError, UserError

SEED = 0
"""Of what is sampled: betweenness and communities."""

SHOWN = 12
"""How many names of a list are printed."""


def graph(
    source: str,
    *,
    out: Path | None = None,
    at_round: int | None = None,
    lemma: str | None = None,
    unused: bool = False,
    roots: Path | None = None,
    json_output: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Analyse which lemmas the proofs of a run, a library or a corpus rest on.

    Writes `nodes.parquet`, `edges.parquet`, `graph.graphml`, `graph.dot`, `summary.json` and `index.html`. A corpus
    that has several graphs gets a folder for each.

    Examples:

        python -m pipeline graph runs/quickstart
        python -m pipeline graph runs/quickstart --at-round 1 --json
        python -m pipeline graph leandojo:lean_dojo-4.20.0.tar.gz --out mathlib
        python -m pipeline graph leandojo:lean_dojo-4.20.0.tar.gz --lemma Nat.exists_infinite_primes
        python -m pipeline graph rocq:theories --out graph
        python -m pipeline graph rocq:theories --unused --roots roots.txt
        python -m pipeline graph rocq:stdlib --json

    Args:
        source: A run directory or a library directory; leandojo:PATH, PATH being the source distribution of
            lean-dojo 4.20.0 (.tar.gz) or its unpacked folder; lego:FILE, skills of LEGO-Prover as JSON lines;
            rocq:PATH, a Rocq development (folder or FILE.v), or rocq:stdlib; lean:PATH, a Lean 4 project that
            was built; isabelle:SESSION, a session by name or a folder with a ROOT (never tried with a real Isabelle).
        out: Where the files go; those of an earlier graph are replaced, no others. When left out, `graph` in a run
            or library, `graph_PREFIX` here for PREFIX:PATH.
        at_round: As of this round of a run; the last finished one when left out.
        lemma: Only say where this lemma of a corpus stands: what it uses, what uses it, what breaks without it, and
            the files that its proof needs.
        unused: Of a corpus, only list what nothing that the roots rest on uses. Exit code 1: something is left.
        roots: With --unused, a file with the names that are wanted for their own sake, one a line.
        json_output: Print the summary as one JSON object.
    """
    from pipeline.corpora.reading import reader

    if unused != (roots is not None) or (unused and lemma is not None):
        raise UserError("--unused and --roots FILE go together, and without --lemma")
    read = reader(source)
    if read is None:
        if unused:
            raise UserError(f"--unused is for a corpus, like rocq:PATH; {source} is a run or a library")
        if lemma is not None:
            raise UserError(f"--lemma is for a corpus; for a run: `python -m pipeline show {source} {lemma}`")
        return _of_run(source, out, at_round, json_output)
    if at_round is not None:
        raise UserError(f"--at-round {at_round}: {source} has no rounds; leave the option out")
    from pipeline.corpora.analysing import analyse, left_over, locate

    if lemma is not None:
        _show_place(locate(source, read, lemma), json_output)
        return 0
    if roots is not None:
        left = left_over(source, read, roots)
        if json_output:
            print(json.dumps(left, indent=2, ensure_ascii=False))
        else:
            _show_unused(left)
        return 1 if left else 0
    from library_store.dependencies.files import refuse_foreign

    folder = Path(f"graph_{source.partition(':')[0]}") if out is None else out
    refuse_foreign(folder)
    summary = analyse(source, read, folder)
    if json_output:
        print(json.dumps(summary, indent=2, ensure_ascii=False))
    else:
        _show_figures(summary)
        print(folder)
    return 0


def _of_run(source: str, out: Path | None, at_round: int | None, json_output: bool) -> int:
    from library_store import analysis, snapshot
    from library_store.dependencies import measures
    from library_store.dependencies.files import refuse_foreign, write_files
    from library_store.dependencies.findings import find
    from library_store.dependencies.lineage import forest
    from library_store.dependencies.page import Page, render
    from library_store.dependencies.uses import Uses
    from library_store.graph import lemma_graph
    from term_algebra.display import Display

    started = time.perf_counter()
    directory = _directory(source)
    folder = directory / "graph" if out is None else out
    refuse_foreign(folder)
    tables = snapshot.read(directory, at_round=at_round)
    whole = lemma_graph(tables)
    uses = Uses.of(measures.dependencies(whole))
    measured = measures.measures(uses)
    findings = find(whole, uses, measured, SEED)
    summary = measures.summary(whole, measured) | findings.summary
    summary["critical_path"] = [whole.nodes[node]["name"] for node in measures.longest_path(uses)]
    growth = analysis.growth(tables)
    reuse = analysis.reuse(tables)
    summary |= {
        "source": source,
        "round": tables.round,
        "counts": analysis.counts(tables),
        "growth": [entry._asdict() for entry in growth],
        "solved_with_library": list(reuse.solved_with_library),
        "top_foreign_users": [
            [tables.lemmas[lemma].name, list(users)]
            for lemma, users in sorted(reuse.foreign_users.items(), key=lambda entry: (-len(entry[1]), entry[0]))
        ][: measures.TOP],
    }
    display = Display(tables.definitions.values())
    page = Page(
        title=f"Lemmas of {directory.name}, round {tables.round}",
        edge="An edge leads from a problem or lemma to a lemma that its proof uses.",
        graph=whole,
        uses=uses,
        measures=measured,
        summary=summary,
        statements={
            **{lemma.id: display.statement(lemma.term) for lemma in tables.lemmas.values()},
            **{f"problem:{name}": state.problem.formal_statement for name, state in tables.problems.items()},
        },
        columns={
            "problems": {lemma: len(users) for lemma, users in reuse.users.items()},
            "foreign problems": {lemma: len(users) for lemma, users in reuse.foreign_users.items()},
            "rest on it": dict(zip(uses.nodes, findings.reach.users.tolist(), strict=True)),
            "round": {node: whole.nodes[node]["round"] for node in uses.nodes},
        },
        proofs={lemma.id: lemma.proof for lemma in tables.lemmas.values()},
        communities=findings.communities,
        growth=growth,
        forest=forest(tables),
    )
    summary["seconds"] = round(time.perf_counter() - started, 3)
    paths = write_files(whole, measured, folder)
    written = {"summary.json": json.dumps(summary, indent=1, ensure_ascii=False), "index.html": render(page)}
    for name, text in written.items():
        try:
            (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise OutsideError(f"cannot write {folder / name}: {error.strerror or error}") from error
        paths.append(folder / name)
    if json_output:
        print(json.dumps(summary, indent=2, ensure_ascii=False))
    else:
        _show(summary, paths)
    return 0


def _directory(source: str) -> Path:
    """The folder that a source names."""
    directory = Path(source)
    if not directory.is_dir():
        raise UserError(f"{source} is not a directory: give a run directory, for example runs/quickstart")
    if next(directory.glob("*.v"), None) is not None and not (directory / "rounds").is_dir():
        raise UserError(f"{source} is no run but a Rocq development: say rocq:{source}")
    return directory


def _show(summary: dict[str, Any], paths: list[Path]) -> None:
    counts = summary["counts"]
    print(
        f"round {summary['round']}: {summary['nodes']} lemmas and problems, {summary['edges']} uses in proofs, "
        f"{summary['components']} components, longest chain {summary['longest_path']}"
    )
    print(
        f"{counts['solved']} of {counts['problems']} problems solved, {counts['solved_with_library']} with a lemma of "
        f"another problem; {counts['lemmas']} lemmas, {counts['lemmas_used_abroad']} used by problems that they do not "
        f"come from, {counts['lemmas_used_abroad_twice']} of them by two or more"
    )
    _show_tops(summary)
    for path in paths:
        print(path)


def _show_place(place: dict[str, Any], json_output: bool) -> None:
    from pipeline.words import counted

    if json_output:
        print(json.dumps(place, indent=2, ensure_ascii=False))
        return
    print(f"{place['name']}\n{place['statement']}\n")
    for title, key in (("uses", "uses"), ("used by", "used_by"), ("breaks without it", "breaks"), ("needs", "needs")):
        names: list[str] = place[key]
        more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        print(f"{title} ({len(names)}): {', '.join(names[:SHOWN])}{more}")
    print(f"needs {counted(len(place['needs_files']), 'file')}")
    for file, count in place["needs_files"]:
        print(f"  {count:4}  {file}")


def _show_unused(left: list[dict[str, Any]]) -> None:
    for one in left:
        place = ":".join(str(part) for part in (one["file"], one["line"]) if part)
        print(f"{place} {one['name']} ({one['kind']})".strip())
    print(f"{len(left)} unused" if left else "everything is used")


def _show_figures(summary: dict[str, Any]) -> None:
    print(
        f"{summary['nodes']} nodes, {summary['edges']} edges from {summary['sources']} users to {summary['targets']} "
        f"used; {summary['components']} components, longest chain {summary['longest_path']}"
    )
    _show_tops(summary)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4g}"


def _show_tops(summary: dict[str, Any]) -> None:
    if not summary["edges"]:  # without uses none stands above another
        return
    for title, key in (("most used", "top_in_degree"), ("highest PageRank", "top_pagerank")):
        if summary[key]:
            print(f"{title}: " + ", ".join(f"{name} {_number(value)}" for name, value in summary[key][:5]))
