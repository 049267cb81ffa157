"""Which lemmas a proof is given, and which shapes of proof are tried in which order: the same for all provers.

`Portfolio.scripts` yields the scripts for a statement, written by its prover's `ScriptWriter` (`verifiers.scripts`);
`minimise` drops the lemmas that a proof does not need.

Invariant: what is selected and its order are functions of the statement, the definitions and the lemmas alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from domain import App, Const, Definition, Lemma, Term, Var
from term_algebra import children, constants, size, subterms
from term_algebra.ordering import Precedence, Rule, classify
from term_algebra.recursion import inner_recursion, recursion_depth, structural_index
from term_algebra.rewriting import Pattern, match, to_pattern
from term_algebra.simplification import simplify
from term_algebra.theory import OpenStatement, Theory, open_statement
from verifiers.scripts import Plan, ProverAutomation, Script

if TYPE_CHECKING:  # only workers find proofs
    from term_algebra.steps import Derivation

MOST_LEMMAS = 25
"""Lemmas that one script is given at most: a larger selection slows every step and helps nobody."""

Check = Callable[[Sequence[Script]], Sequence[bool]]
"""Runs scripts against the statement that they were made for; says for each whether it is a proof."""

TURN = 4
"""Lemmas over one set of functions that are selected before others have their turn."""


class Portfolio:
    """Scripts over one set of definitions, in a prover's words; remembers how each lemma is used."""

    def __init__(self, definitions: Sequence[Definition], automation: ProverAutomation) -> None:
        self.definitions = definitions
        self.theory = Theory(tuple(definitions))
        self.precedence = Precedence(self.theory)
        self.quick_seconds = automation.quick_seconds
        self._reads_terms = automation.reads_terms
        self._rules: dict[str, Rule] = {}
        self._writer = automation.writer(self.theory, self.rule)

    def rule(self, lemma: Lemma) -> Rule:
        """How a lemma is used."""
        if lemma.id not in self._rules:
            self._rules[lemma.id] = classify(lemma.term, self.precedence)
        return self._rules[lemma.id]

    # ------------------------------------------------------------------------------------------------------ selection

    def select(
        self, statement: Term, lemmas: Iterable[Lemma], most: int = MOST_LEMMAS, stuck: Iterable[Term] = ()
    ) -> tuple[Lemma, ...]:
        """The lemmas worth giving to a proof of `statement`, best first.

        Those come first that rewrite a term of the statement, as it is or computed, or of `stuck` goals, then the
        closest, the most general and the smallest.

        They speak of functions that it reaches; those that tie its functions to others come last. Those that speak of
        the same functions take turns with the others, `TURN` at a time, so that none crowds out what ties fewer: of
        many facts about membership, say, the one that an equality test is sound.
        """
        if not self._reads_terms:
            return tuple([lemma for lemma in lemmas if lemma.term != statement][:most])
        reached = self.theory.reached(statement)
        computed = simplify(open_statement(statement).conclusion, self.theory)
        direct = constants(statement) | constants(computed)
        looked_at = (statement, computed, *stuck)
        known: dict[int, Pattern] = {}
        goal = [to_pattern(term, known) for seen in looked_at for term in subterms(seen)]
        chosen: list[tuple[tuple[int, int, int, int, int, str], frozenset[str], Lemma]] = []
        for lemma in lemmas:
            if lemma.term == statement:
                continue
            functions = {name for name in constants(lemma.term) if name in self.theory.functions}
            foreign = functions - reached
            if foreign and not functions & direct:
                continue
            general = self.theory.stacked(lemma.term), size(lemma.term)
            left = self.rule(lemma).left
            pattern = None if left is None else to_pattern(left)
            applies = isinstance(pattern, tuple) and any(match(pattern, term, {}) for term in goal)
            rank = (not applies, len(foreign), len(functions - direct), *general, lemma.id)
            chosen.append((rank, frozenset(functions), lemma))
        chosen.sort(key=lambda one: one[0])
        before: Counter[frozenset[str]] = Counter()
        turns: list[tuple[int, int, Lemma]] = []
        for place, (_, functions, lemma) in enumerate(chosen):
            turns.append((before[functions] // TURN, place, lemma))
            before[functions] += 1
        turns.sort(key=lambda one: one[:2])
        return tuple(lemma for _, _, lemma in turns[:most])

    def smallest(self, statement: Term, lemmas: Iterable[Lemma], most: int) -> tuple[Lemma, ...]:
        """Lemmas over no other functions than the statement reaches, the most general and smallest first.

        How general one is says the number of its constructors, the booleans apart: laws of an order come before what
        holds of a successor.
        """
        own = self.theory.reached(statement)
        fitting = [lemma for lemma in lemmas if constants(lemma.term) & self.theory.functions.keys() <= own]
        ranks = {lemma.id: (self._built(lemma.term), size(lemma.term), lemma.id) for lemma in fitting}
        return tuple(sorted(fitting, key=lambda lemma: ranks[lemma.id])[:most])

    def _built(self, term: Term) -> int:
        """Constructors in a term that are not booleans."""
        heads = [part.name for part in subterms(term) if isinstance(part, Const)]
        return sum(n in self.theory.constructors and self.theory.constructors[n].datatype.name != "bool" for n in heads)

    # -------------------------------------------------------------------------------------------------------- scripts

    def scripts(self, statement: Term, lemmas: Sequence[Lemma] = ()) -> Iterator[Script]:
        """The portfolio, cheapest and most general first; every script may use all of `lemmas`."""
        opened = open_statement(statement)
        for plan in self._writer.plans(self._all_shapes(opened, with_lemmas=bool(lemmas)), opened, lemmas):
            yield self.script(opened, plan, lemmas)

    def script(self, opened: OpenStatement, plan: Plan, lemmas: Sequence[Lemma]) -> Script:
        """The script for one plan, with exactly these lemmas."""
        return self._writer.script(opened, plan, lemmas)

    def derived(self, statement: Term, lemmas: Sequence[Lemma]) -> Script | None:
        """The script of a derivation with the lemmas that it needs, if there is one."""
        from term_algebra.derivation import derivation  # only workers find proofs

        opened = open_statement(statement)

        def find() -> Derivation | None:
            return derivation(opened, self.theory, self.rule, lemmas, self.induction_order(opened))

        return self._writer.derived(opened, find) if self._reads_terms else None

    def plainer(self, statement: Term, script: Script, listen: Callable[[str], Sequence[str]]) -> str:
        """A script that proved a statement as the steps that did it, or nothing; see `ScriptWriter.plainer`."""
        return self._writer.plainer(open_statement(statement), script.plan, script.uses_lemmas, listen)

    def beginnings(self, opened: OpenStatement, most: int = 3) -> Iterator[str]:
        """Beginnings of proofs by induction, on `most` variables, that show where these get stuck."""
        several = len(opened.of_kind("data")) > 1
        for variable in self.induction_order(opened)[:most]:
            yield from self._writer.beginnings(opened, Plan("induction", variable, general=several))

    def _all_shapes(self, opened: OpenStatement, *, with_lemmas: bool) -> Iterator[Plan]:
        """Every shape of proof, with a shallow search of the leaves, then with a deep one."""
        shapes = list(self._shapes(opened, with_lemmas=with_lemmas))
        yield from shapes
        yield from (replace(plan, deep=True) for plan in shapes if plan.kind not in ("instance", "facts"))

    def _shapes(self, opened: OpenStatement, *, with_lemmas: bool) -> Iterator[Plan]:
        variables = self.induction_order(opened)
        yield Plan("search")
        if with_lemmas:
            yield Plan("instance")
            yield Plan("facts")
        several = len(opened.of_kind("data")) > 1
        for variable in variables:
            yield Plan("induction", variable, general=several)
        if several:
            for variable in variables:
                yield Plan("induction", variable)
        if with_lemmas:
            for variable in variables:
                yield Plan("induction", variable, general=several, normalise=True)
        pairs = [(v, w) for v in variables for w in variables if v != w][:12]
        for variable, second in pairs:
            yield Plan("cases", variable, second, general=True)
        if self._steps_by_two(opened):
            for variable in variables:
                yield Plan("stepwise", variable, general=True)
        for variable, second in pairs:
            yield Plan("nested", variable, second, general=True)

    def _steps_by_two(self, opened: OpenStatement) -> bool:
        reached: set[str] = set()
        for binder in opened.hypotheses:
            reached |= self.theory.reached(binder.type)
        reached |= self.theory.reached(opened.conclusion)
        bodies = [self.theory.functions[name].body for name in reached if name in self.theory.functions]
        return any(recursion_depth(body) > 1 for body in bodies)

    def induction_order(self, opened: OpenStatement) -> list[str]:
        """Variables of recursive datatypes, those on which most functions of the statement recurse first."""
        scores: dict[str, int] = {}
        for binder in opened.of_kind("data"):
            datatype = self.theory.datatype_of(binder.type)
            if datatype is not None and self.theory.is_recursive(datatype):
                scores[binder.name] = 0
        todo = [opened.conclusion, *(binder.type for binder in opened.hypotheses)]
        while todo:
            term = todo.pop()
            if isinstance(term, App) and isinstance(term.function, Const):
                name = term.function.name
                index, inner = self.structural_index(name), inner_recursion(self.theory, name)
                for position, argument in enumerate(term.arguments):
                    if isinstance(argument, Var) and argument.name in scores:
                        second = inner is not None and position == inner[1]
                        scores[argument.name] += 3 if position == index else 1 if second else -1
            todo.extend(child for child, _ in children(term))
        order = list(scores)
        return sorted(order, key=lambda name: (-scores[name], order.index(name)))

    def structural_index(self, name: str) -> int | None:
        """Position of the argument on which a global function recurses."""
        return structural_index(self.theory, name)


def minimise(proof: Script, statement: Term, portfolio: Portfolio, check: Check) -> Script:
    """The same plan with as few lemmas as it needs: all dropped at once, then one after the other."""
    opened = open_statement(statement)
    best = proof
    if not best.uses_lemmas:
        return best
    bare = portfolio.script(opened, best.plan, ())
    if check([bare])[0]:
        return bare
    for lemma in reversed(best.uses_lemmas):
        rest = tuple(other for other in best.uses_lemmas if other.id != lemma.id)
        shorter = portfolio.script(opened, best.plan, rest)
        if check([shorter])[0]:
            best = shorter
    return best
