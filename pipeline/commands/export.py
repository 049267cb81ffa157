"""`export`: the library of a run as a buildable development, or as JSON lines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from domain import Elaboration, OutsideError, Prover, UserError

if TYPE_CHECKING:
    from library_store.tables import Tables

PART = re.compile(r"Library(_\d+)?\..*")
"""Names of files of a development that hold lemmas, and of what their prover made of them."""


def export(
    run: Annotated[Path, Parameter(name="RUN")],
    /,
    *,
    form: Annotated[Literal["coq-project", "lean-lake", "isabelle-session", "jsonl"], Parameter(name="--as")],
    out: Path | None = None,
    at_round: int | None = None,
) -> int:
    """Write the library of a run as a development with readable names, or as problems with proofs.

    Examples:
        python -m pipeline export runs/quickstart --as coq-project --out library
        python -m pipeline export runs/lean_small --as lean-lake --out library
        python -m pipeline export runs/quickstart --as jsonl --out lemmas.jsonl

    Args:
        run: a run directory.
        form: `coq-project` is a folder that `make` builds, `lean-lake` one for `lake build`, `isabelle-session` one for
            `isabelle build`, with `lemmas.jsonl` and a card in it; `jsonl` is that file alone.
        out: the folder or file, new or of an earlier export; one called like the form, or `lemmas.jsonl`, in the run
            when left out.
        at_round: as of this round; the last finished one when left out.
    """
    from library_store.files import write_atomically
    from library_store.snapshot import read
    from pipeline.export.development import LINES, is_exported, jsonl, library_of, project

    tables = read(run, at_round)
    library = library_of(tables, _preludes(tables))
    style, prover = library.form, library.backend.name
    if form not in ("jsonl", style.project):
        raise UserError(f"{run} is a library for {prover}: export it --as {style.project} or --as jsonl")
    target = out or run / (LINES if form == "jsonl" else form)
    free = not target.exists() or (form != "jsonl" and target.is_dir() and not any(target.iterdir()))
    if not free and not is_exported(target if form == "jsonl" else target / LINES):
        what = "file" if form == "jsonl" else "development"
        raise UserError(f"{target} is there and is no {what} of ours: give another --out")
    files = {target / name: text for name, text in project(library).items()}
    if form == "jsonl":
        files = {target: jsonl(library)}
    else:
        for old in target.glob(style.stale):  # of a round that had more preludes
            if PART.fullmatch(old.name):
                old.unlink()
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text.encode())
    except OSError as error:
        raise OutsideError(f"cannot write {target}: {error.strerror or error}") from error
    print(f"{len(library.lemmas)} lemmas of {run}, round {tables.round}, in {target}")
    return 0


def _preludes(tables: Tables) -> dict[str, str]:
    """The text of each prelude that a lemma has, as the prover reads it from the header of a problem that has it."""
    from verifiers.backend import VerifierLimits, backend_of
    from verifiers.opened import Verifiers

    provers: dict[str, Prover] = {lemma.prelude_id: lemma.prover for lemma in tables.lemmas.values()}
    found = {
        name: "" for name, prover in provers.items() if name.partition("@")[0] == backend_of(prover).syntax.no_prelude
    }
    examples = {
        state.prelude_id: state.problem
        for state in tables.problems.values()
        if state.prelude_id in provers and state.prelude_id not in found
    }
    if examples:
        opened = Verifiers(VerifierLimits(audit_seconds=60.0))
        try:
            for prover in dict.fromkeys(provers.values()):
                asked = {name: problem for name, problem in examples.items() if problem.prover == prover}
                answers = opened.of(prover).elaborate(list(asked.values()))
                for name, answer in zip(asked, answers, strict=True):
                    if isinstance(answer, Elaboration):
                        found[name] = answer.prelude
        finally:
            opened.close()
    missing = [name for name in provers if name not in found]
    if missing:
        raise OutsideError(
            f"{len(missing)} preludes of {tables.directory} could not be read again from its problems' headers: is the "
            "prover the one that the run had? `python -m pipeline doctor` says which it is"
        )
    return found
