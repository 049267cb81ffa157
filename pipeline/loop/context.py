"""What every step of a run knows, and through whom it acts: the run's settings, its problems in canonical form, and the
verifier, the library and the language model of the worker that makes the step. Nothing here changes.

All statements of a run are in canonical names. For each prelude there is one header that holds the definitions of all
its problems, so that warm sessions are shared by everything that is proved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from domain import Completion, Definition, Elaboration, Lemma, ModelCard, Problem, Prompt, Prover, Term
from library_store.attempts import Request
from pipeline.config import RunSettings
from pipeline.loop.clusters import clusters
from pipeline.proposers.automation.portfolio import Portfolio
from term_algebra import alpha_normal
from term_algebra.display import Display
from verifiers.backend import Backend, backend_of
from verifiers.canonical import canonical_header, lemma_id, reached
from verifiers.protocol import Verifier
from verifiers.scripts import ProverAutomation

if TYPE_CHECKING:
    from actors.library import SharedLibrary


class CanonicalStatement(NamedTuple):
    """A closed statement in canonical form; `id` is the one that a lemma with this statement has."""

    id: str
    term: Term
    exact: str
    prelude_id: str
    reached: tuple[str, ...]

    @classmethod
    def of(cls, stated: Lemma | Request) -> CanonicalStatement:
        """What a lemma or request states."""
        return cls(stated.id, stated.term, stated.statement_exact, stated.prelude_id, stated.definition_ids)


class Signature(NamedTuple):
    """Definitions that the statements of some problems with one prelude reach exactly, and these problems."""

    prelude_id: str
    definition_ids: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def shape(self) -> str:
        """The definitions as text: equal for signatures that differ only in whom they are explored for."""
        return " ".join(self.definition_ids)


class Model(Protocol):
    """A language model; see `actors.language_model`."""

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, seed: int, stop: Sequence[str] = ()
    ) -> list[Completion]: ...


@dataclass(frozen=True)
class RunContext:
    """A run as one of its workers sees it: the problems in canonical form, and the actors that it asks.

    With `isolated` visibility every problem has a prelude of its own: the same text under another id. Statements,
    lemmas and requests of different problems then have different ids, and nothing that one made is found by another.
    """

    settings: RunSettings
    elaborations: Mapping[str, Elaboration]
    definitions: Mapping[str, Definition]
    members: Mapping[str, tuple[str, ...]]
    """Prelude id → ids of the definitions of all problems with that prelude."""
    preludes: Mapping[str, str]
    signatures: Mapping[str, Signature]
    """What can be explored, by its key."""
    clusters: Mapping[str, str]
    """Problem → its cluster (`pipeline.loop.clusters`)."""
    language: Prover
    """The prover of all problems."""
    verifier: Verifier
    library: SharedLibrary
    model: Model | None = None
    """None where there is none, or where a step may not ask it."""
    model_card: ModelCard | None = None

    @property
    def explores(self) -> bool:
        """Whether problems can expect conjectures: then a stuck goal is asked for only where these did not help."""
        evolution = self.settings.evolve
        return evolution.enabled and evolution.exploration and self.settings.retrieval.visibility != "none"

    @property
    def backend(self) -> Backend:
        """The prover of all problems."""
        return backend_of(self.language)

    def statement(self, term: Term, prelude_id: str) -> CanonicalStatement:
        """The canonical form of a closed term over this run's definitions."""
        normal = alpha_normal(term)
        exact = self.backend.syntax.render(normal)
        over = reached(self.over(prelude_id), normal)
        identity = lemma_id(prelude_id, over, exact, self.language)
        return CanonicalStatement(identity, normal, exact, prelude_id, over)

    def of_problem(self, name: str) -> CanonicalStatement:
        elaboration = self.elaborations[name]
        over = elaboration.reached
        identity = lemma_id(elaboration.prelude_id, over, elaboration.statement_exact, self.language)
        return CanonicalStatement(
            identity, elaboration.statement, elaboration.statement_exact, elaboration.prelude_id, over
        )

    def over(self, prelude_id: str) -> list[Definition]:
        """All definitions of this run under a prelude."""
        return [self.definitions[name] for name in self.members.get(prelude_id, ())]

    def automation(self, prelude_id: str) -> Portfolio:
        """The prover's portfolios under a prelude, made once for each copy of this context."""
        if prelude_id not in self._automations:
            self._automations[prelude_id] = Portfolio(self.over(prelude_id), self.means(prelude_id))
        return self._automations[prelude_id]

    def means(self, prelude_id: str) -> ProverAutomation:
        """The prover's automation with the tactics that a prelude brings."""
        return self.backend.automation.knowing(self._tactics.get(prelude_id, ()))

    @cached_property
    def _tactics(self) -> dict[str, tuple[str, ...]]:
        return {one.prelude_id: one.tactics for one in self.elaborations.values()}

    @cached_property
    def _automations(self) -> dict[str, Portfolio]:
        return {}

    def goal(self, statement: CanonicalStatement) -> Problem:
        """The statement as a problem over everything that its prelude's problems define: for warm sessions.

        Its name derives from the statement's id, so a verdict kept for one problem answers no other in isolation.
        """
        header = canonical_header(self.preludes[statement.prelude_id], self.over(statement.prelude_id))
        name = f"goal_{statement.id[:16]}"
        return Problem(name, self.language, header, self.backend.syntax.theorem(name, statement.exact))

    def alone(self, statement: CanonicalStatement, lemmas: Sequence[Lemma]) -> Problem:
        """The statement as a problem over no more than it and the given lemmas speak of: for audits."""
        needed = set(statement.reached).union(*(lemma.definition_ids for lemma in lemmas))
        definitions = [self.definitions[name] for name in self.members[statement.prelude_id] if name in needed]
        header = canonical_header(self.preludes[statement.prelude_id], definitions)
        name = f"l{statement.id[:16]}"
        return Problem(name, self.language, header, self.backend.syntax.theorem(name, statement.exact))

    def serves(self, key: str, names: Collection[str]) -> bool:
        """Whether one of these problems can see what an exploration of a signature finds."""
        signature = self.signatures[key]
        over = set(signature.definition_ids)
        return any(
            one.prelude_id == signature.prelude_id and over <= {definition.id for definition in one.definitions}
            for one in map(self.elaborations.__getitem__, names)
        )

    def preamble(self, prelude_id: str, texts: Iterable[str] | None = None) -> str:
        """The tactics that proofs under this prelude may call; nothing if none of `texts` calls any."""
        return self.backend.syntax.preamble(self.preludes[prelude_id], texts)

    def display(self, definition_ids: Sequence[str]) -> Display:
        return Display([self.definitions[name] for name in definition_ids])


def build(
    settings: RunSettings,
    elaborations: Sequence[Elaboration],
    verifier: Verifier,
    library: SharedLibrary,
    model: Model | None = None,
    model_card: ModelCard | None = None,
) -> RunContext:
    """The context of a run's elaborated problems."""
    definitions: dict[str, Definition] = {}
    members: dict[str, dict[str, None]] = {}
    preludes: dict[str, str] = {}
    signatures: dict[str, Signature] = {}
    for elaboration in elaborations:
        under = members.setdefault(elaboration.prelude_id, {})
        for definition in elaboration.definitions:
            definitions.setdefault(definition.id, definition)
            under[definition.id] = None
    if settings.retrieval.visibility == "isolated":
        own = [replace(one, prelude_id=f"{one.prelude_id}@{one.problem.name}") for one in elaborations]
        members = {mine.prelude_id: members[one.prelude_id] for one, mine in zip(elaborations, own, strict=True)}
        elaborations = own
    for elaboration in elaborations:
        preludes[elaboration.prelude_id] = elaboration.prelude
        if elaboration.reached:
            over = tuple(sorted(elaboration.reached))
            key = " ".join([elaboration.prelude_id, *over])
            problems = signatures[key].problems if key in signatures else ()
            signatures[key] = Signature(elaboration.prelude_id, over, (*problems, elaboration.problem.name))
    return RunContext(
        settings=settings,
        elaborations={elaboration.problem.name: elaboration for elaboration in elaborations},
        definitions=definitions,
        members={prelude: tuple(under) for prelude, under in members.items()},
        preludes=preludes,
        signatures=signatures,
        clusters=clusters({elaboration.problem.name: elaboration.statement for elaboration in elaborations}),
        language=elaborations[0].problem.prover if elaborations else "rocq",
        verifier=verifier,
        library=library,
        model=model,
        model_card=model_card,
    )
