"""Proof scripts by the prover's own means: induction, simplification, case splits, rewriting with library lemmas.

`Automation.scripts` yields an ordered portfolio for a statement; each script is a tactic block that stands on its own
apart from the tactics in `TACTICS`. `minimise` drops the lemmas that a proof does not need.

Invariant: a script refers to the statement's variables only by the names that it gives them itself, and to nothing
else but `TACTICS` and the canonical names of the lemmas that it lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Literal

from domain import App, Const, Definition, Lemma, Term, Var
from pipeline.proposers.automation.lemma_tactics import LemmaTactics, first
from term_algebra import children, size, subterms
from term_algebra.ordering import Precedence, Rule, classify, inner_recursion, recursion_depth, structural_index
from term_algebra.rewriting import Pattern, match, to_pattern
from term_algebra.simplification import simplify
from term_algebra.theory import Binder, OpenStatement, Theory, constants, head_name, open_statement

TACTICS = (Path(__file__).parent / "rocq_tactics.v").read_text(encoding="utf-8")
"""Tactic definitions that every script may call."""

MOST_LEMMAS = 25
"""Lemmas that one script is given at most: a larger selection slows every step and helps nobody."""

Check = Callable[[Sequence["Script"]], Sequence[bool]]
"""Runs scripts against the statement that they were made for; says for each whether it is a proof."""

PlanKind = Literal["search", "instance", "facts", "induction", "cases", "nested", "stepwise"]


@dataclass(frozen=True, slots=True)
class Plan:
    """The shape of a proof: what is done before the search for the leaves.

    `induction` on `variable`, the other variables generalised if `general`; `cases` also splits `second` in each
    case; `nested` also does induction on it; `stepwise` is induction by two constructors at a time; `instance` is
    no induction but a lemma with a constant for one of its variables; `facts` splits what matches look at and goes on
    from the answers by laws under premises.
    """

    kind: PlanKind
    variable: str | None = None
    second: str | None = None
    general: bool = False
    normalise: bool = False
    """Rewrite with the lemmas before the induction, so that the hypotheses of the induction are normal forms too."""
    deep: bool = False
    """Search the leaves for two steps with a choice instead of one."""


@dataclass(frozen=True, slots=True)
class Script:
    """A tactic block, without `Proof.` and `Qed.`, and the lemmas that it may name."""

    text: str
    uses_lemmas: tuple[Lemma, ...]
    plan: Plan


TURN = 4
"""Lemmas over one set of functions that are selected before others have their turn."""


@dataclass
class Automation:
    """Portfolios over one set of definitions; remembers how each lemma is used."""

    quick_seconds: ClassVar[float | None] = 0.35
    """CPU seconds of a script in a first pass over a portfolio; None for no such pass. In a run on TIP's prod (750 CPU
    seconds, seed 0, replays included) 388 of 405 checks that accepted a script took less than 0.1; of 4,512 others 881
    took more."""

    definitions: Sequence[Definition]
    theory: Theory = field(init=False)
    precedence: Precedence = field(init=False)
    _rules: dict[str, Rule] = field(default_factory=dict[str, Rule])

    def __post_init__(self) -> None:
        self.theory = Theory(tuple(self.definitions))
        self.precedence = Precedence(self.theory)
        self._lemmas = LemmaTactics(self.theory, self.rule)

    def rule(self, lemma: Lemma) -> Rule:
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
        laws = any(map(self._lemmas.is_law, lemmas))
        for plan in self.plans(opened, with_lemmas=bool(lemmas)):
            if laws or plan.kind != "facts":
                yield self.script(opened, plan, lemmas)

    def plans(self, opened: OpenStatement, *, with_lemmas: bool) -> Iterator[Plan]:
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

    def script(self, opened: OpenStatement, plan: Plan, lemmas: Sequence[Lemma]) -> Script:
        """The text for one plan, with exactly these lemmas."""
        tactic = "lm_deep" if plan.deep else "lm_search"
        search = f"{tactic} {self._lemmas.closures(opened, lemmas)}"
        names = " ".join(binder.name for binder in opened.binders)
        start = f"intros {names}.\n" if names else ""
        if plan.kind == "instance":
            return Script(f"{start}{first(self._lemmas.instances(opened, lemmas))}.", tuple(lemmas), plan)
        if plan.kind == "facts":
            return Script(f"{start}lm_facts ltac:(fun _ => {self._lemmas.facts(lemmas)}).", tuple(lemmas), plan)
        if plan.normalise:
            start += f"{self._lemmas.normaliser(lemmas)}.\n"
        return Script(start + self._body(opened, plan, search) + ".", tuple(lemmas), plan)

    def prefixes(self, opened: OpenStatement, most: int = 3) -> Iterator[str]:
        """Beginnings of proofs: the goals of an induction, simplified, rewritten with a hypothesis, or split first."""
        names = " ".join(binder.name for binder in opened.binders)
        start = f"intros {names}.\n" if names else ""
        several = len(opened.of_kind("data")) > 1
        for variable in self.induction_order(opened)[:most]:
            plan = Plan("induction", variable, general=several)
            rewritten = "try (lm_hypothesis_step; lm_stuck)"
            for leaf in ("lm_stuck", f"lm_stuck; {rewritten}", f"lm_stuck; lm_stuck_cases; {rewritten}"):
                yield f"{start}{self._body(opened, plan, leaf)}."

    def _body(self, opened: OpenStatement, plan: Plan, search: str) -> str:
        if plan.kind == "search" or plan.variable is None:
            return search
        moved = self._moved(opened, plan)
        names = [binder.name for binder in moved]
        revert = f"revert {' '.join(names)}; " if names else ""
        if plan.kind == "stepwise":
            return self._stepwise(opened, plan.variable, revert, search)
        if plan.kind == "induction":
            return f"{revert}induction {plan.variable}; intros; {search}"
        assert plan.second is not None
        before = names[: names.index(plan.second) + 1] if plan.second in names else []
        first, second = f"{revert}induction {plan.variable}; ", f"intros {' '.join(before)}; "
        if plan.kind == "cases":
            return f"{first}{second}destruct {plan.second}; intros; {search}"
        rest = [name for name in before if name != plan.second]
        again = f"revert {' '.join(rest)}; " if rest else ""
        return f"{first}{second}{again}induction {plan.second}; intros; {search}"

    def _moved(self, opened: OpenStatement, plan: Plan) -> list[Binder]:
        """Binders that go back into the goal before an induction: those that depend on its variable, and others."""
        moved: list[Binder] = []
        dirty = {plan.variable}
        for binder in opened.binders:
            if binder.name == plan.variable or binder.kind == "type":
                continue
            mentions = dirty & _variables(binder.type)
            if mentions or (plan.general and binder.kind == "data"):
                moved.append(binder)
                dirty.add(binder.name)
        return moved

    def _stepwise(self, opened: OpenStatement, variable: str, revert: str, search: str) -> str:
        binder = next(b for b in opened.binders if b.name == variable)
        inner = self._destruct(binder.type, variable, "y", search, 1)
        return f"{revert}revert {variable}; fix IH 1; intros {variable}; {inner}"

    def _destruct(self, type_: Term, variable: str, stem: str, search: str, depth: int) -> str:
        datatype = self.theory.datatype_of(type_)
        assert datatype is not None
        patterns: list[str] = []
        branches: list[str] = []
        for index, constructor in enumerate(datatype.constructors):
            fields = self.theory.constructor_fields(type_, constructor)
            names = [f"{stem}{index}{position}" for position in range(len(fields))]
            patterns.append(" ".join(names))
            parts = [n for n, t in zip(names, fields, strict=True) if head_name(t) == datatype.name]
            learn = "".join(f"pose proof (IH {part}) as H{part}; " for part in parts)
            if depth == 0 or len(parts) != 1:
                branches.append(f"{learn}clear IH; intros; {search}")
            else:
                deeper = self._destruct(type_, parts[0], stem + "y", search, depth - 1)
                branches.append(f"{learn}{deeper}")
        return f"destruct {variable} as [{' | '.join(patterns)}]; [ {' | '.join(branches)} ]"

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


def _variables(term: Term) -> set[str]:
    found: set[str] = set()
    todo = [term]
    while todo:
        top = todo.pop()
        if isinstance(top, Var):
            found.add(top.name)
        todo.extend(child for child, _ in children(top))
    return found


def minimise(proof: Script, statement: Term, automation: Automation, check: Check) -> Script:
    """The same plan with as few lemmas as it needs: all dropped at once, then one after the other."""
    opened = open_statement(statement)
    best = proof
    if not best.uses_lemmas:
        return best
    bare = automation.script(opened, best.plan, ())
    if check([bare])[0]:
        return bare
    for lemma in reversed(best.uses_lemmas):
        rest = tuple(other for other in best.uses_lemmas if other.id != lemma.id)
        shorter = automation.script(opened, best.plan, rest)
        if check([shorter])[0]:
            best = shorter
    return best
