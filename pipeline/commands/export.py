"""`export`: the library of a run as a buildable development, or as JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from domain import Elaboration, OutsideError, UserError
from library_store.snapshot import Tables


def export(
    run: Annotated[Path, Parameter(name="RUN")],
    /,
    *,
    form: Annotated[Literal["coq-project", "jsonl"], Parameter(name="--as")],
    out: Path | None = None,
    at_round: int | None = None,
) -> int:
    """Write the library of a run as a Rocq development with readable names, or as problems with proofs.

    Examples:
        python -m pipeline export runs/quickstart --as coq-project --out library
        python -m pipeline export runs/quickstart --as jsonl --out lemmas.jsonl

    Args:
        run: a run directory.
        form: `coq-project` is a folder that `make` builds, `lemmas.jsonl` and a card in it; `jsonl` that file alone.
        out: the folder or file; `coq-project` or `lemmas.jsonl` in the run when left out.
        at_round: as of this round; the last finished one when left out.
    """
    from library_store.snapshot import read, write_atomically
    from pipeline.coq_project import jsonl, library_of, project

    tables = read(run, at_round)
    library = library_of(tables, _preludes(tables))
    target = out or run / ("coq-project" if form == "coq-project" else "lemmas.jsonl")
    files = {target / name: text for name, text in project(library).items()}
    if form == "jsonl":
        files = {target: jsonl(library)}
    elif target.exists() and not (target / "_CoqProject").is_file() and (target.is_file() or any(target.iterdir())):
        raise UserError(f"{target} is there and is no development of ours: give another --out")
    elif target.exists():
        for old in target.glob("theories/Library*"):  # of a round that had more preludes
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
    from verifiers.rocq.canonical import prelude_id
    from verifiers.rocq.verifier import RocqVerifier

    wanted = dict.fromkeys(lemma.prelude_id for lemma in tables.lemmas.values() if lemma.prover == "rocq")
    found = {name: "" for name in wanted if name.partition("@")[0] == prelude_id("")}
    examples = {
        state.prelude_id: state.problem
        for state in tables.problems.values()
        if state.prelude_id in wanted and state.prelude_id not in found
    }
    if examples:
        verifier = RocqVerifier()
        try:
            answers = verifier.elaborate(list(examples.values()))
        finally:
            verifier.close()
        for name, answer in zip(examples, answers, strict=True):
            if isinstance(answer, Elaboration):
                found[name] = answer.prelude
    missing = [name for name in wanted if name not in found]
    if missing:
        raise OutsideError(
            f"{len(missing)} preludes of {tables.directory} could not be read again from its problems' headers: is the "
            "prover the one that the run had? `python -m pipeline doctor` says which it is"
        )
    return found
