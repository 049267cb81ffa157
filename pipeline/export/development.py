"""A library as other programs read it: a development that its prover builds, and problems with proofs as JSON lines.

Everything stands under readable names, in the order of dependency. Invariants: what is renamed is one name for another
that occurs nowhere, so each statement and proof stays what was audited; each line of the JSON form is whole by itself
and `--library FILE.jsonl` takes it (`pipeline.loop.import_library`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from domain import Const, Definition, Lemma, UserError
from library_store.tables import Tables
from term_algebra import read_json
from term_algebra.display import Display
from verifiers.backend import Backend, backend_of, prover_of
from verifiers.canonical import in_order, with_derived
from verifiers.export import ExportForm, Written, free_name, identifier

LINES = "lemmas.jsonl"
"""The file of JSON lines in a development."""

OWN_FIELDS = frozenset({"formal_statement", "proof", "operator", "origins", "prover_version"})
"""What every line of an export has, and no list of problems of a user's own."""


class Part(NamedTuple):
    """The lemmas of one prelude, with the definitions that they reach, both in the order of dependency."""

    prelude: str
    definitions: tuple[Definition, ...]
    lemmas: tuple[Lemma, ...]


class Library(NamedTuple):
    """What is exported. `names` maps canonical names to readable ones, those of lemmas included."""

    backend: Backend
    tables: Tables
    parts: tuple[Part, ...]
    names: Mapping[str, str]

    @property
    def form(self) -> ExportForm:
        return self.backend.export

    @property
    def lemmas(self) -> list[Lemma]:
        return [lemma for part in self.parts for lemma in part.lemmas]

    def text(self, canonical: str) -> str:
        return self.form.rename(canonical, self.names)


def library_of(tables: Tables, preludes: Mapping[str, str]) -> Library:
    """The lemmas in retrieval and those that their proofs need.

    Args:
        tables: of the run, as of some round.
        preludes: the texts of the preludes that its lemmas have.

    Raises:
        UserError: there is no lemma.
    """
    kept = {lemma.id for lemma in tables.lemmas.values() if lemma.retired_by is None}
    for lemma in reversed(tables.lemmas.values()):
        kept |= set(lemma.uses) if lemma.id in kept else set[str]()
    chosen = [lemma for lemma in tables.lemmas.values() if lemma.id in kept]
    if not chosen:
        raise UserError(f"{tables.directory} has no lemma as of round {tables.round}: there is nothing to export")
    backend = backend_of(prover_of(lemma.prover for lemma in chosen))
    form = backend.export
    parts: list[Part] = []
    for prelude_id in dict.fromkeys(lemma.prelude_id for lemma in chosen):
        members = tuple(lemma for lemma in chosen if lemma.prelude_id == prelude_id)
        parts.append(Part(preludes[prelude_id], _reached(form, tables, members), members))
    texts = [text for part in parts for text in (part.prelude, *_texts(part))]
    written = {name for text in texts for name in form.mentioned(text)} | form.reserved
    names = _definition_names(form, tables.definitions.values(), written)
    used = {*written, *names.values()}
    for lemma in map(tables.lemmas.__getitem__, tables.table("lemmas").column("id").to_pylist()):
        names[lemma.canonical_name] = free_name(identifier(lemma.name), used)
    return Library(backend, tables, tuple(parts), names)


def _reached(form: ExportForm, tables: Tables, lemmas: Iterable[Lemma]) -> tuple[Definition, ...]:
    """All definitions that statements and proofs name, and those that these use."""
    owner = {
        name: one.id
        for one in tables.definitions.values()
        for name in with_derived({name: name for name in one.names}, [d.name for d in one.datatypes], one.prover)
    }
    waiting = [one for lemma in lemmas for one in lemma.definition_ids]
    waiting += [owner[name] for lemma in lemmas for name in form.mentioned(lemma.proof) if name in owner]
    found: set[str] = set()
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += tables.definitions[one].uses
    return tuple(in_order(tables.definitions[one] for one in found))


def _texts(part: Part) -> list[str]:
    sources = [definition.source for definition in part.definitions]
    return [*sources, *[text for lemma in part.lemmas for text in (lemma.statement_exact, lemma.proof)]]


def _definition_names(form: ExportForm, definitions: Iterable[Definition], written: Iterable[str]) -> dict[str, str]:
    """The first file's names, with a number where two definitions have one or where it means something else."""
    used = set(written)
    found: dict[str, str] = {}
    for definition in definitions:
        stems: dict[str, str] = {}
        for canonical, wish in zip(definition.names, definition.readable, strict=True):
            stems[canonical] = free_name(wish.rpartition(".")[2], used)
        found |= form.spelled(definition, stems)
    return found


# ------------------------------------------------------------------------------------------------------- the project


def project(library: Library) -> dict[str, str]:
    """Relative path → text of each file of the development."""
    versions = sorted({lemma.prover_version for lemma in library.lemmas})
    files = library.form.files([_written(library, part) for part in library.parts], versions[-1])
    return {LINES: jsonl(library), **files, "README.md": card(library)}  # the lines first: by them it is known again


def _written(library: Library, part: Part) -> Written:
    display = Display(part.definitions)
    return Written(
        part.prelude,
        library.form.tactics(part.prelude, [lemma.proof for lemma in part.lemmas]),
        [library.text(definition.source) for definition in part.definitions],
        [
            f"{library.form.docstring(wording(lemma, _shown(display, lemma)))}\n{_sentence(library, lemma)}"
            for lemma in part.lemmas
        ],
    )


def _shown(display: Display, lemma: Lemma) -> str:
    """The statement for people; one that is kept as text is shown as it is."""
    return lemma.statement_exact if isinstance(lemma.term, Const) else display.statement(lemma.term)


def _sentence(library: Library, lemma: Lemma) -> str:
    name = library.names[lemma.canonical_name]
    return library.form.proved(name, library.text(lemma.statement_exact), library.text(lemma.proof))


# ------------------------------------------------------------------------------------------------------- JSON lines


def jsonl(library: Library) -> str:
    records = [_record(library, part, lemma) for part in library.parts for lemma in part.lemmas]
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records)


def is_exported(file: Path) -> bool:
    """Whether a path is a file of lines that `jsonl` wrote."""
    if not file.is_file():
        return False
    try:
        with file.open(encoding="utf-8") as lines:
            records = [read_json(line) for line in lines]
    except (ValueError, RecursionError):  # neither JSON nor text
        return False
    return bool(records) and all(isinstance(record, dict) and record.keys() >= OWN_FIELDS for record in records)


def _record(library: Library, part: Part, lemma: Lemma) -> dict[str, Any]:
    needed = _closure(part, lemma)
    definitions = _reached(library.form, library.tables, [*needed, lemma])
    tactics = library.form.tactics(part.prelude, [one.proof for one in (*needed, lemma)])
    name = library.names[lemma.canonical_name]
    return {
        "name": name,
        "prover": lemma.prover,
        "header": "\n".join([text for text in (part.prelude, *[library.text(d.source) for d in definitions]) if text]),
        "formal_statement": library.backend.syntax.theorem(name, library.text(lemma.statement_exact).strip()),
        "proof": "\n".join([*([tactics] if tactics else []), *[_sentence(library, one) for one in (*needed, lemma)]]),
        "statement": _shown(Display(definitions), lemma),
        "id": lemma.id,
        "uses": [library.names[library.tables.lemmas[used].canonical_name] for used in lemma.uses],
        "axioms": list(lemma.axioms),
        "operator": lemma.operator,
        "origins": list(lemma.origins),
        "round": lemma.round,
        "prover_version": lemma.prover_version,
    }


def _closure(part: Part, lemma: Lemma) -> list[Lemma]:
    """What a proof rests on, in the order of dependency."""
    by_id = {one.id: one for one in part.lemmas}
    found: set[str] = set()
    waiting = list(lemma.uses)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += by_id[one].uses
    return [one for one in part.lemmas if one.id in found]


# --------------------------------------------------------------------------------------------------------- its card


def card(library: Library) -> str:
    """What a reader has to know before using the data."""
    lemmas, tables = library.lemmas, library.tables
    versions = sorted({lemma.prover_version for lemma in lemmas})
    trust = [row["trust"] for row in tables.each("lemmas") if row["id"] in {lemma.id for lemma in lemmas}]
    operators = sorted({lemma.operator for lemma in lemmas})
    axioms = sorted({axiom for lemma in lemmas for axiom in lemma.axioms})
    return f"""\
# A library of {len(lemmas)} lemmas

Written by Lemmary from a run, as it was after round {tables.round}. Each lemma was found by a program, not by a
person, and verified; nothing here is chosen for being interesting.

| | |
| --- | --- |
| lemmas | {len(lemmas)}, of these {trust.count("rechecked")} rechecked as one development, the others audited alone |
| definitions | {sum(len(part.definitions) for part in library.parts)} |
| prover | {", ".join(versions) or "unknown"} |
| axioms | {", ".join(axioms) or "none"} |
| found by | {", ".join(operators)} |

{library.form.building}

`lemmas.jsonl` holds the same, one lemma a line, whole by itself: `header`,
`formal_statement` and `proof` are what the prover reads, `statement` is for people, `uses` names the lemmas that the
proof rests on, `origins` the problems that triggered the proposal. `python -m pipeline prove PROBLEMS --out DIR
--library lemmas.jsonl` audits them again and takes those that speak of the problems' definitions.

Names come from the statements. Statements that read alike may say different things. The lemmas speak of the problems'
own definitions, which may differ from a standard library's of the same name.
"""


def wording(lemma: Lemma, shown: str) -> str:
    """What the docstring of a lemma says: its statement for people, and where it comes from."""
    where = f"round {lemma.round}" if lemma.round else "the library that the run began with"
    origins = f" for {', '.join(lemma.origins[:3])}{', …' if len(lemma.origins) > 3 else ''}" if lemma.origins else ""
    axioms = f" Axioms: {', '.join(lemma.axioms)}." if lemma.axioms else ""
    retired = " Retired; a proof below rests on it." if lemma.retired_by else ""
    return f"[{shown}]\n    From {where}, by {lemma.operator}{origins}.{axioms}{retired}"
