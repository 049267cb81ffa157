"""`python -m pipeline graph SOURCE`: the dependencies between lemmas, as tables, graph files and a page.

Invariant: everything is computed from the tables of finished rounds, whose checksums are verified on reading.
"""

import json
import time
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from domain import OutsideError, UserError

READABLE_LATER = ("leandojo", "lego")
"""Prefixes of sources that this version knows by name and cannot read."""


def graph(
    source: str,
    *,
    out: Path | None = None,
    at_round: int | None = None,
    json_output: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Analyse which lemmas the proofs of a run or library rest on.

    Writes `nodes.parquet`, `edges.parquet`, `graph.graphml`, `graph.dot`, `summary.json` and `index.html`.

    Examples:

        python -m pipeline graph runs/quickstart
        python -m pipeline graph runs/quickstart --at-round 1 --json

    Args:
        source: A run directory or a library directory.
        out: Where the files go; `graph` in the source when left out.
        at_round: As of this round; the last finished one when left out.
        json_output: Print the summary as one JSON object.
    """
    from library_store import analysis, snapshot
    from library_store.graph import lemma_graph, write_files
    from library_store.graph_page import Page, render
    from pipeline.display import Display

    started = time.perf_counter()
    directory = _directory(source)
    tables = snapshot.read(directory, at_round=at_round)
    whole = lemma_graph(tables)
    measured = analysis.measures(analysis.dependencies(whole))
    summary = analysis.summary(whole, measured)
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
        ][: analysis.TOP],
    }
    display = Display(tables.definitions.values())
    page = Page(
        title=f"Lemmas of {directory.name}, round {tables.round}",
        graph=whole,
        measures=measured,
        summary=summary,
        statements={
            **{lemma.id: display.statement(lemma.term) for lemma in tables.lemmas.values()},
            **{f"problem:{name}": state.problem.formal_statement for name, state in tables.problems.items()},
        },
        used_by={lemma: len(users) for lemma, users in reuse.users.items()},
        reused_by={lemma: len(users) for lemma, users in reuse.foreign_users.items()},
        growth=growth,
    )
    folder = directory / "graph" if out is None else out
    summary["seconds"] = round(time.perf_counter() - started, 3)
    paths = write_files(whole, measured, summary, folder)
    try:
        (folder / "index.html").write_text(render(page), encoding="utf-8")
    except OSError as error:
        raise OutsideError(f"cannot write {folder / 'index.html'}: {error.strerror or error}") from error
    paths.append(folder / "index.html")
    if json_output:
        print(json.dumps(summary, indent=2, ensure_ascii=False))
    else:
        _show(summary, paths)
    return 0


def _directory(source: str) -> Path:
    """The folder that a source names."""
    prefix, separator, _ = source.partition(":")
    if separator and prefix in READABLE_LATER and not Path(source).exists():
        raise UserError(f"{source}: this version reads no {prefix}: sources; give a run or library directory")
    directory = Path(source)
    if not directory.is_dir():
        raise UserError(f"{source} is not a directory: give a run directory, for example runs/quickstart")
    return directory


def _show(summary: dict[str, Any], paths: list[Path]) -> None:
    counts = summary["counts"]
    print(
        f"round {summary['round']}: {summary['nodes']} lemmas and problems, {summary['edges']} uses in proofs, "
        f"{summary['components']} components, longest chain {summary['longest_path']}"
    )
    print(
        f"{counts['solved']} of {counts['problems']} problems solved, {counts['solved_with_library']} with a lemma of "
        f"another problem; {counts['lemmas']} lemmas, {counts['lemmas_used_abroad']} used abroad, "
        f"{counts['lemmas_used_abroad_twice']} more than once"
    )
    for title, key in (("most used", "top_in_degree"), ("highest PageRank", "top_pagerank")):
        if summary[key]:
            print(f"{title}: " + ", ".join(f"{name} {value:.4g}" for name, value in summary[key][:5]))
    for path in paths:
        print(path)
