"""`prove`: offline batch proving of a list of statements, or of the holes of a user's own development."""

from __future__ import annotations

import json as json_text
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from cyclopts import Parameter

from domain import UserError
from pipeline import config
from pipeline.commands import STATUSES
from pipeline.config import ProblemSource, RunSettings

if TYPE_CHECKING:
    from pipeline.development.own_file import Changes

_SAID = {
    "refuted": "is false for",
    "conditional": "is proved, but rests on",
    "open": "is open:",
    "error": "is error:",
}
"""What is told of the problems that are not simply proved, before the reason."""


ROUNDS = 3
"""Rounds in which each problem of a list finds lemmas of its own, if it may."""


def prove(
    problems: Annotated[str, Parameter(name="PROBLEMS")],
    /,
    *,
    out: Path,
    configuration: Annotated[Path | None, Parameter(name="--config")] = None,
    path: Path | None = None,
    split: str | None = None,
    limit: int | None = None,
    names: str = "",
    use: str = "",
    jobs: int | None = None,
    library: Path | None = None,
    at_round: int | None = None,
    steps: Path | None = None,
    erase: bool = False,
    sample: int | None = None,
    seed: int | None = None,
    in_place: bool = False,
    watch: bool = False,
    explore: bool = False,
    cpu_seconds: float | None = None,
    set: Annotated[tuple[str, ...], Parameter(name="--set", show_default=False)] = (),  # noqa: A002 (the option's name)
    json: bool = False,
) -> int:
    """Prove a list of problems, or the holes of a development of your own.

    A list is proved in one round without growing a library, unless you say --explore; index.html (to look at),
    results.jsonl (for programs) and a file per proof are written. A development is a Rocq file or folder
    (`_CoqProject` is honoured), a Lean file or a theory of Isabelle: each statement that is admitted (`sorry`) is a
    problem, the proofs come as patch.diff, and your files stay as they are unless you say --in-place.

    A statement with a counterexample is refuted: no effort is spent on it, and the file proves its negation.

    Examples:
        python -m pipeline prove theories/Trees.v --out runs/trees
        python -m pipeline prove minif2f-rocq:valid --path minif2f_rocq.jsonl --limit 30 --out runs/valid
        python -m pipeline prove my_problems.jsonl --library runs/tip_prod --out runs/mine
        python -m pipeline prove problem.smt2 --out runs/problem

    Args:
        problems: a JSONL file, a dataset name with an optional split, a FILE.smt2 (answered with `unsat` where its
            goal is proved, `sat` where it is refuted, `unknown` otherwise), or a FILE.v, folder, FILE.lean or FILE.thy
            of your own.
        out: directory for index.html, results.jsonl and proofs/ or patch.diff; giving it again resumes.
        configuration: a run's configuration for model and limits; its problems, rounds and evolution do not count.
            Without it no language model is used.
        path: where the dataset lies, if its name alone does not say it (docs/datasets.md).
        split: only problems of this split.
        limit: only the first so many by name.
        names: only these problems, separated by commas.
        use: of a development, lemmas that are tried before all others, separated by commas.
        jobs: of a development, files that are worked on at once, each in a process of its own; one for each core if
            left out. With a language model it is one.
        library: a run directory whose lemmas may be used, or a JSONL file of your own: problems with a `proof` each.
            For a development a run: its lemmas about the same definitions are proved in your file before they help.
        at_round: the library as it was after this round; its last one when left out.
        steps: of a development, a directory of recorded steps of others: tactics that were used at goals like those at
            hand are tried.
        erase: of a development, drop every proof that ends in Qed first, and prove all again.
        sample: with --erase, drop only so many of the finished proofs, drawn by chance, and say what share of them is
            found again.
        seed: of what --sample draws; 0 if left out.
        in_place: of a development, apply the patch to your files when all is done.
        watch: of a development, go on with the holes of its files whenever one is saved, until Ctrl-C.
        explore: of a list, let each problem that stays open find lemmas of its own: what the functions of its statement
            do is explored, in up to three rounds. For a FILE.smt2 this is always so.
        cpu_seconds: of a development, CPU seconds of prover and search for one hole; 10 if left out.
        set: key=value, overrides one setting; may be given several times.
        json: print the counts as JSON.
    """
    if limit is not None and limit < 1:
        raise UserError("--limit must be at least 1")
    chosen = tuple(name.strip() for name in names.split(",") if name.strip())
    if at_round is not None and (library is None or at_round < 1):
        raise UserError("--at-round N, with N at least 1, goes with --library")
    if problems.endswith(".v") or Path(problems).is_dir():
        lists = {"--path": path, "--split": split, "--explore": explore or None}
        given = [flag for flag, value in lists.items() if value is not None]
        if given:
            raise UserError(f"{given[0]} goes with a list of problems; {problems} is a development")
        if library is not None and not library.is_dir():
            raise UserError(f"--library {library}: for a development give the directory of a run")
        from pipeline.commands.prove_development import prove_development

        return prove_development(
            Path(problems),
            out,
            _settings(configuration, set),
            names=chosen,
            use=tuple(dict.fromkeys(name.strip() for name in use.split(",") if name.strip())),
            jobs=jobs,
            limit=limit,
            cpu_seconds=cpu_seconds,
            library=library,
            library_round=at_round,
            steps=steps,
            erase=erase,
            sample=sample,
            seed=seed,
            in_place=in_place,
            watch=watch,
            json=json,
        )
    if (sample, seed, steps, watch) != (None, None, None, False):
        raise UserError("--watch, --sample, --seed and --steps go with a Rocq development: a FILE.v or a folder")
    explore = explore or problems.endswith(".smt2")
    if explore and library is not None:
        raise UserError("with --explore each problem has lemmas of its own alone: leave --library out, or see `run`")
    how = _List(configuration, path, split, limit, chosen, library, at_round, explore, overrides=set, json=json)
    if problems.endswith((".thy", ".lean")):
        from pipeline.development.own_file import prove_file

        if problems.endswith(".thy"):
            from pipeline.development.isabelle_theory import ISABELLE as LANGUAGE
        else:
            from pipeline.development.lean_file import LEAN as LANGUAGE
        unfit = {"--path": path, "--split": split, "--use": use or None, "--jobs": jobs}
        unfit |= {"--erase": erase or None, "--explore": explore or None}
        more = (f"prove.cpu_seconds={cpu_seconds}",) if cpu_seconds is not None else ()
        again = partial(_list, how._replace(limit=None, names=(), overrides=(*set, *more)), out)
        return prove_file(LANGUAGE, Path(problems), out, chosen, limit, again, unfit, in_place=in_place, json=json)
    own = {
        "--erase": erase,
        "--in-place": in_place,
        "--cpu-seconds": cpu_seconds is not None,
        "--use": use,
        "--jobs": jobs is not None,
    }
    for flag in (flag for flag, given in own.items() if given):
        raise UserError(f"{flag} goes with a development: a FILE.v, a folder, a FILE.thy or a FILE.lean")
    return _list(how, out, problems)


class _List(NamedTuple):
    """How a list of problems is proved: the options of the command of the same names."""

    configuration: Path | None
    path: Path | None
    split: str | None
    limit: int | None
    names: tuple[str, ...]
    library: Path | None
    at_round: int | None
    explore: bool
    overrides: tuple[str, ...]
    json: bool


def _list(how: _List, out: Path, problems: str, judged: Callable[[], Changes] | None = None) -> int:
    """Proves a list; `judged` says what is told of problems other than the search found."""
    from pipeline.commands.run import execute_loop
    from pipeline.report.results import write_page, write_results
    from pipeline.words import MOST_SHOWN

    library, at_round = how.library, how.at_round
    base = _settings(how.configuration, how.overrides)
    source = ProblemSource(dataset=problems, path=how.path, split=how.split, limit=how.limit, names=how.names)
    updated: dict[str, Any] = {
        "problems": (source,),
        "rounds": ROUNDS if how.explore else 1,
        "library": library,
        "library_round": at_round,
        "evolve": base.evolve.model_copy(update={"enabled": how.explore}),
    }
    if how.explore:
        updated["retrieval"] = base.retrieval.model_copy(update={"visibility": "isolated"})
    settings = RunSettings.model_validate(base.model_copy(update=updated).model_dump())
    if library is not None and at_round is not None and library.is_dir():
        from library_store.tables import manifests

        finished = len(manifests(library))
        if at_round > finished:
            raise UserError(f"--at-round {at_round}: {library} has rounds 1 to {finished}")
    execute_loop(settings, out, "choose another --out to prove again")
    found = write_results(out, judged() if judged else {})
    page = write_page(out)
    counts = {status: len(found[status]) for status in STATUSES}
    if how.json:
        print(json_text.dumps(counts))
        return 0
    if problems.endswith(".smt2"):
        print("unsat" if counts["proved"] else "sat" if counts["refuted"] else "unknown")
    for status, said in _SAID.items():
        for name, why in list(found[status].items())[:MOST_SHOWN]:
            print(f"{name} {said} {why}")
        if len(found[status]) > MOST_SHOWN:
            print(f"… and {len(found[status]) - MOST_SHOWN} more {status}")
    print(", ".join(f"{counts[status]} {status}" for status in STATUSES))
    print(f"Results: {page}, {out / 'results.jsonl'}")
    return 0


def _settings(configuration: Path | None, overrides: tuple[str, ...]) -> RunSettings:
    if configuration is not None:
        return config.read(configuration, overrides)
    return config.resolve({"model": {"kind": "none"}}, overrides)
