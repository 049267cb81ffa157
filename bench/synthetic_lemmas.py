"""Any number of distinct synthetic lemmas, made from the statements of the bundled problems, from a seed.

A statement of the bundled suite, as the prover elaborates it, is moved to one of many copies of its functions (copies
are chosen as words are in a text: few very often, most rarely), and some of its variables become applications that
occur in other statements. So sizes, shapes and the frequencies of constants are like those of a grown library, and no
two statements are equal; nothing here was proved, and types are not minded. A library under measurement never asks.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from datasets.bundled import load_bundled
from domain import App, Const, Definition, Elaboration, Forall, Lemma, Problem, Term, Var, Verdict
from term_algebra import constants, subterms
from verifiers.rocq.terms import render
from verifiers.rocq.verifier import RocqVerifier

AUDITED = Verdict("accepted", "proved", "audited", prover="rocq 8.16.1")
"""What the synthetic lemmas come with."""

COPIES = 100
"""Copies of each function."""

_NAME = re.compile(r"\bd[0-9a-f]{12}\w*")

_PROOFS = (
    "intros. auto.",
    "intros. induction x0; simpl; congruence.",
    "induction x0; intros; simpl; auto; now rewrite IHx0.",
)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class World:
    """What the lemmas are about. `pieces` are applications that take a variable's place, `owner` maps names to ids."""

    definitions: tuple[Definition, ...]
    statements: tuple[Term, ...]
    pieces: tuple[App, ...]
    owner: dict[str, str]
    functions: frozenset[str]
    prelude_id: str


def world(problems: Sequence[Problem] = ()) -> World:
    """The bundled problems' definitions with all copies of the functions, elaborated by the prover."""
    verifier = RocqVerifier()
    try:
        answers = verifier.elaborate(problems or [one for one in load_bundled() if one.prover == "rocq"])
    finally:
        verifier.close()
    read = [answer for answer in answers if isinstance(answer, Elaboration)]
    known = {one.id: one for answer in read for one in answer.definitions}
    copies = [_copy(one, number) for number in range(1, COPIES) for one in known.values() if one.kind == "function"]
    definitions = (*known.values(), *copies)
    pieces = [part for answer in read for part in subterms(answer.statement) if isinstance(part, App)]
    return World(
        definitions=definitions,
        statements=tuple(answer.statement for answer in read),
        pieces=tuple(part for part in pieces if part.function != Const("eq") and len(list(subterms(part))) < 8),
        owner={name: one.id for one in definitions for name in one.names},
        functions=frozenset(name for one in known.values() if one.kind == "function" for name in one.names),
        prelude_id=read[0].prelude_id,
    )


def _copy(definition: Definition, number: int) -> Definition:
    names = tuple(f"{name}c{number}" for name in definition.names)
    return replace(definition, id=sha(f"{definition.id} {number}"), names=names, uses=definition.uses)


class Source:
    """Distinct lemmas, one after another; `most` is about how many are wanted."""

    def __init__(self, of: World, seed: int, most: int = 20_000) -> None:
        self.world = of
        self.draw = random.Random(seed)
        self._weights = list(accumulate(1 / (1 + number) for number in range(COPIES)))
        self._seen: set[tuple[int, tuple[int, ...]]] = set()
        self._recent: list[str] = []
        shapes: dict[str, Term] = {}
        while len(shapes) < max(1000, most // 20):
            shape = self._shape()
            shapes[render(shape)] = shape
        self._shapes = [(text, term, sorted(of.functions & constants(term))) for text, term in shapes.items()]

    def _shape(self) -> Term:
        """A bundled statement, perhaps grown in some places."""
        term = self.draw.choice(self.world.statements)
        for _ in range(self.draw.randrange(4)):
            term = self._grown(term)
        return term

    def stated(self) -> tuple[Term, str]:
        """A statement that did not come before, and its text."""
        draw = self.draw
        while True:
            number = draw.randrange(len(self._shapes))
            text, term, functions = self._shapes[number]
            home = self._copy_number()
            copies = tuple(home if draw.random() < 0.8 else self._copy_number() for _ in functions)
            if (number, copies) not in self._seen:
                break
        self._seen.add((number, copies))
        table = {name: f"{name}c{copy}" for name, copy in zip(functions, copies, strict=True) if copy}
        exact = _NAME.sub(lambda found: table.get(found[0], found[0]), text)
        return _renamed(term, table), exact

    def _copy_number(self) -> int:
        return self.draw.choices(range(COPIES), cum_weights=self._weights)[0]

    def _grown(self, term: Term) -> Term:
        """One occurrence of a variable becomes an application over the variables of the statement."""
        bound = [part.name for part in subterms(term) if isinstance(part, Forall) and part.name != "_"]
        places = sum(isinstance(part, Var) for part in subterms(term))
        if not bound or not places:
            return term
        piece = self.draw.choice(self.world.pieces)
        table = {part.name: self.draw.choice(bound) for part in subterms(piece) if isinstance(part, Var)}
        return _placed(term, _renamed(piece, table), iter(range(places)), self.draw.randrange(places))

    def lemma(self) -> Lemma:
        """A lemma whose statement did not come before; at times its proof uses earlier ones."""
        term, exact = self.stated()
        identity = sha(exact)
        draw = self.draw
        uses = tuple(dict.fromkeys(draw.choices(self._recent, k=draw.randrange(3)))) if len(self._recent) > 9 else ()
        self._recent.append(identity)
        del self._recent[:-100]
        over = tuple(sorted({self.world.owner[name] for name in _NAME.findall(exact)}))
        return Lemma(
            id=identity,
            revision=1,
            prover="rocq",
            name=f"synthetic_{identity[:6]}",
            prelude_id=self.world.prelude_id,
            definition_ids=over,
            statement=exact.replace("@", ""),
            statement_exact=exact,
            term=term,
            proof=f"{draw.choice(_PROOFS)}{''.join(f' apply l{used[:16]}.' for used in uses)}",
            uses=uses,
            dedup_key="",
            origin_kind="problem",
            origins=(f"problem_{draw.randrange(1000)}",),
            parents=(),
            operator="exploration",
            round=1,
            attempt_id=f"r1-{draw.randrange(10_000):04d}",
            prover_version="8.16.1",
            seconds=0.25,
        )

    def lemmas(self, count: int) -> Iterator[Lemma]:
        for _ in range(count):
            yield self.lemma()


def _renamed(term: Term, table: dict[str, str]) -> Term:
    """With constants and variables renamed; the bundled statements are quantified equations and implications."""
    match term:
        case Var(name):
            return Var(table.get(name, name))
        case Const(name):
            return Const(table.get(name, name))
        case App(function, arguments):
            return App(_renamed(function, table), tuple(_renamed(one, table) for one in arguments))
        case Forall(name, of_type, body):
            return Forall(name, _renamed(of_type, table), _renamed(body, table))
        case _:
            return term


def _placed(term: Term, piece: Term, counter: Iterator[int], place: int) -> Term:
    """With the piece in place of that occurrence of a variable."""
    match term:
        case Var():
            return piece if next(counter) == place else term
        case App(function, arguments):
            head = _placed(function, piece, counter, place)
            rest = tuple(_placed(one, piece, counter, place) for one in arguments)
            return App(head.function, (*head.arguments, *rest)) if isinstance(head, App) else App(head, rest)
        case Forall(name, of_type, body):
            return Forall(name, _placed(of_type, piece, counter, place), _placed(body, piece, counter, place))
        case _:
            return term
