"""Theory exploration: equations and implications that hold on every tested value, over given definitions.

Terms are enumerated by size. Each is evaluated once on shared random valuations; terms with equal results form a
class, of which only the first is built upon. A term that falls into an old class is a conjecture, unless rewriting
with earlier conjectures derives it. (After QuickSpec: Smallbone, Johansson, Claessen, Algehed, JFP 2017.)

Invariant: the result depends on the definitions and the seed alone; work is bounded by counts, not by the clock.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from domain import App, Const, Definition, Forall, Sort, Term, Var
from pipeline.proposers.conjecture import laws
from pipeline.proposers.conjecture.built import VALUATIONS, Built, Found, Missing, implications
from pipeline.proposers.conjecture.ground_values import Drawn, compositions
from pipeline.proposers.conjecture.laws import Symbol
from pipeline.proposers.conjecture.signature import Signature
from pipeline.proposers.conjecture.standard_values import OutOfFuelError
from pipeline.proposers.conjecture.testing import Tester
from term_algebra import apply
from term_algebra.ordering import Precedence
from term_algebra.rewriting import RuleSet, to_pattern
from term_algebra.simplification import unfold_call
from term_algebra.standard import BOOL, INTEGER, INTEGER_FUNCTIONS, arrow
from term_algebra.theory import Theory, arguments, close, equation
from term_algebra.values import UnsupportedError, Value

MOST_TERMS = 12_000
"""Terms evaluated in one exploration."""

MOST_CALLS = 4_000_000
"""Recursive calls evaluated in one exploration."""

FUEL = 1_500
"""Recursive calls for one evaluation; a term that needs more on many valuations is left out."""

LARGEST, VARIABLES = 7, 3
"""Symbols of the largest term, and variables of each type."""

CONFIRMATIONS, ALIKE = 200, 100
"""Further valuations that a conjecture must survive, and such whose values repeat each other."""

INTEGER_RELATIONS = frozenset(
    name for name, type_ in INTEGER_FUNCTIONS.items() if type_ == arrow(INTEGER, INTEGER, BOOL)
)


@dataclass
class Explorer:
    """One exploration; `conjectures` runs it."""

    definitions: Sequence[Definition]
    seed: int = 0
    most_terms: int = MOST_TERMS
    largest: int = LARGEST
    tester: Tester = field(init=False)
    theory: Theory = field(init=False)
    signature: Signature = field(init=False)
    precedence: Precedence = field(init=False)
    variables: dict[str, Term] = field(default_factory=dict[str, Term])
    rules: RuleSet = field(init=False)

    def __post_init__(self) -> None:
        self.tester = Tester(self.definitions, FUEL)
        self.theory = self.tester.theory
        self.signature = Signature(self.definitions, self.tester)
        self.precedence = Precedence(self.theory)
        self.rules = RuleSet(self.precedence)
        self._classes: dict[Term, dict[tuple[Value, ...], Built]] = {}
        self._by_size: dict[tuple[Term, int], list[Built]] = {}
        self._stood: set[Term] = set()
        self._evaluated = 0
        self._calls = 0

    def conjectures(self) -> list[Term]:
        """Closed statements, the smallest and most general first: one about a numeral counts as larger by its size."""
        symbols = self.signature.symbols()
        leaves = self._leaves(symbols)
        kept = self._laws(symbols)
        for statement in kept:
            self._learn(statement)
        raw: list[Found] = []
        for leaf in leaves:
            self._enter(leaf, raw)
        for _ in self._grow(symbols, raw):
            pass
        found = [*kept.values(), *self._independent(raw, kept)]
        true = Const("true")
        for index, one in enumerate(implications(self._classes.get(BOOL, {}).values())):
            premise, claim = (equation(BOOL, side.term, true) for side in (one.premise, one.claim))
            found.append((one.size + 2, index, self._close([premise], claim)))
        found.extend(self._relations(symbols))
        found.sort(key=lambda item: (item[0] + self.theory.stacked(item[2]), item[1]))
        return self._confirmed(term for _, _, term in found)

    def complete(self, target: Term, variables: Mapping[str, Term], most: int = 4) -> list[Term]:
        """Terms over `variables` and the definitions that equal `target` on all valuations, smallest first.

        `variables` types every free variable of `target`, type variables included (as sorts).
        """
        data = {name: type_ for name, type_ in variables.items() if not isinstance(type_, Sort)}
        try:
            run = self.tester.evaluator.compile(target, list(variables))
        except UnsupportedError:
            return []
        symbols = self.signature.symbols([name for name, type_ in variables.items() if isinstance(type_, Sort)])
        leaves = self._leaves(symbols, data)
        values = {built.term.name: built.results for built in leaves if isinstance(built.term, Var)}
        if set(values) != set(data):
            return []
        wanted: list[Value] = []
        for index in range(VALUATIONS):
            self.tester.evaluator.refill()
            try:
                wanted.append(run(*(values[name][index] if name in values else None for name in variables)))
            except (OutOfFuelError, RecursionError, UnsupportedError):
                return []
        type_ = self.theory.type_of(target, variables)
        found: list[Term] = []
        raw: list[Found] = []
        for leaf in leaves:
            self._enter(leaf, raw)
            if leaf.type == type_ and leaf.results == tuple(wanted):
                found.append(leaf.term)
        for built in self._grow(symbols, raw):
            if built.type == type_ and built.term != target and built.results == tuple(wanted):
                found.append(built.term)
                if len(found) >= most:
                    break
        return found

    def _grow(self, symbols: Sequence[Symbol], raw: list[Found]) -> Iterator[Built]:
        """Build terms level by level, those with many variables first; new ones enter the classes."""
        for size in range(2, self.largest + 1):
            level = [(symbol, parts) for symbol in symbols if symbol.domains for parts in self._choices(symbol, size)]
            level.sort(key=lambda choice: -len(frozenset[str]().union(*(part.variables for part in choice[1]))))
            for symbol, parts in level:
                if self._evaluated >= self.most_terms or self._calls >= MOST_CALLS:
                    return
                built = self._build(symbol, parts, size)
                if built is not None:
                    self._enter(built, raw)
                    yield built

    def _leaves(self, symbols: Sequence[Symbol], given: Mapping[str, Term] | None = None) -> list[Built]:
        """Constants, and `given` or a few variables of each type, with their values."""
        rng = random.Random(self.seed)
        leaves: list[Built] = []
        for symbol in symbols:
            if not symbol.domains and symbol.run is not None:
                self.tester.evaluator.refill()
                value = symbol.run()
                leaves.append(Built(symbol.term, symbol.result, 1, (value,) * VALUATIONS, frozenset()))
        if given is None:
            wanted = dict.fromkeys(domain for symbol in symbols if not symbol.constructor for domain in symbol.domains)
            copies = [t for t in wanted for _ in range(1 if isinstance(t, Forall) else VARIABLES)]
            given = {f"v{index}": type_ for index, type_ in enumerate(copies)}
        alike = [Drawn() if index % 2 else None for index in range(VALUATIONS)]
        for name, type_ in given.items():
            self.variables[name] = type_
            try:
                results = tuple(self.tester.values.draw(type_, rng.randint(0, 4), rng, drawn) for drawn in alike)
            except UnsupportedError:
                continue
            leaves.append(Built(Var(name), type_, 1, results, frozenset((name,))))
        return leaves

    # -------------------------------------------------------------------------------------------------- enumeration

    def _choices(self, symbol: Symbol, size: int) -> Iterator[tuple[Built, ...]]:
        for sizes in compositions(size - 1, len(symbol.domains)):
            pools = [self._by_size.get((t, n), []) for t, n in zip(symbol.domains, sizes, strict=True)]
            if all(pools):
                yield from itertools.product(*pools)

    def _build(self, symbol: Symbol, parts: Sequence[Built], size: int) -> Built | None:
        term = apply(symbol.term, [part.term for part in parts])
        if self.rules.is_reducible_at_root(to_pattern(term)) or unfold_call(term, self.theory) is not None:
            return None
        self._evaluated += 1
        assert symbol.run is not None
        results: list[Value] = []
        evaluator = self.tester.evaluator
        missing = 0
        for values in zip(*(part.results for part in parts), strict=True):
            if any(value is Missing for value in values):
                results.append(Missing)
                missing += 1
                continue
            evaluator.refill()
            try:
                results.append(symbol.run(*values))
            except (OutOfFuelError, RecursionError):
                results.append(Missing)
                missing += 1
                if missing > VALUATIONS // 4:
                    return None
            self._calls += evaluator.used + 1
        variables = frozenset[str]().union(*(part.variables for part in parts))
        return Built(term, symbol.result, size, tuple(results), variables)

    def _enter(self, built: Built, found: list[Found]) -> None:
        classes = self._classes.setdefault(built.type, {})
        old = classes.get(built.results)
        if old is None:
            classes[built.results] = built
            self._by_size.setdefault((built.type, built.size), []).append(built)
        elif self.rules.derives(to_pattern(built.term), to_pattern(old.term)):
            return
        elif self._differ(built, old):
            self._by_size.setdefault((built.type, built.size), []).append(built)
        else:
            self.rules.learn(to_pattern(built.term), to_pattern(old.term))
            found.append(Found(built.size + old.size, len(built.variables), built, old))

    def _differ(self, built: Built, old: Built) -> bool:
        """Whether more values than those of the results tell two terms apart."""
        sides = (built.term, old.term), (old.term, built.term)
        ways = [self._close([], equation(built.type, *each)) for each in sides]
        stands = self._stands(ways[0])
        self._stood.update(ways if stands else ())
        return not stands

    def _stands(self, statement: Term) -> bool:
        report = self.tester.test(statement, self.seed + 1, CONFIRMATIONS, ALIKE)
        return report.counterexample is None and report.tested > 0

    def _laws(self, symbols: Sequence[Symbol]) -> dict[Term, tuple[int, int, Term]]:
        """The laws of binary operations that no test refutes."""
        kept: dict[Term, tuple[int, int, Term]] = {}
        for size, law in laws.of_operations(symbols, self.variables):
            statement = self._close([], law)
            report = self.tester.test(statement, self.seed, CONFIRMATIONS)
            if report.counterexample is None and report.tested > CONFIRMATIONS // 4:
                kept[law] = (size, -10, statement)
        return kept

    def _relations(self, symbols: Sequence[Symbol]) -> Iterator[tuple[int, int, Term]]:
        """What is often true of Bool relations and predicates, reached ones of the integers included; to be tested."""
        reached = frozenset[str]().union(*(self.theory.reached(symbol.term) for symbol in symbols))
        integers = [one for name in sorted(reached & INTEGER_RELATIONS) for one in self.signature.instances(name, ())]
        if integers and INTEGER not in self.variables.values():
            self.variables.update({f"integer{index}": INTEGER for index in range(VARIABLES)})
        for symbol in integers:
            x = next(Var(name) for name, type_ in self.variables.items() if type_ == INTEGER)
            for answer in ("true", "false"):
                yield 3, 0, self._close([], equation(BOOL, apply(symbol.term, [x, x]), Const(answer)))
        shapes = (laws.of_relations([*symbols, *integers], self.variables), laws.of_predicates(symbols, self.variables))
        for rank, hypotheses, conclusion in itertools.chain(*shapes):
            yield 4 + len(hypotheses), -1 - rank, self._close(hypotheses, conclusion)

    def _learn(self, law: Term, rules: RuleSet | None = None) -> None:
        _, left, right = arguments(law)
        (rules or self.rules).learn(to_pattern(left), to_pattern(right))

    def _independent(self, found: Sequence[Found], known: Iterable[Term]) -> list[tuple[int, int, Term]]:
        """The equations that smaller ones and the laws do not derive."""
        ordered = sorted(found, key=lambda one: (one.size, -one.variables))
        rules = RuleSet(self.precedence)
        for law in known:
            self._learn(law, rules)
        kept: list[tuple[int, int, Term]] = []
        for index, one in enumerate(ordered):
            if rules.learn(to_pattern(one.built.term), to_pattern(one.old.term)):
                left, right = one.built.term, one.old.term
                if self.precedence.larger(right, left):
                    left, right = right, left
                kept.append((one.size, index, self._close([], equation(one.built.type, left, right))))
                kept.extend(self._weaker(one.size, index, one.built.type, left, right))
        return kept

    def _weaker(self, size: int, index: int, type_: Term, left: Term, right: Term) -> Iterator[tuple[int, int, Term]]:
        """The useful half of an equation between Bool terms, which may be easier to prove."""
        true = Const("true")
        if type_ == Const("bool") and isinstance(right, App) and isinstance(left, App):
            premise, claim = equation(type_, right, true), equation(type_, left, true)
            yield size + 1, index, self._close([premise], claim)

    # ------------------------------------------------------------------------------------------------------- results

    def _close(self, hypotheses: Sequence[Term], conclusion: Term) -> Term:
        return close(hypotheses, conclusion, self.variables)

    def _confirmed(self, statements: Iterable[Term]) -> list[Term]:
        return [one for one in dict.fromkeys(statements) if one in self._stood or self._stands(one)]


def explore(
    definitions: Sequence[Definition], seed: int = 0, most_terms: int = MOST_TERMS, largest: int = LARGEST
) -> list[Term]:
    """Closed statements over the functions of `definitions` that no test refuted, smallest first."""
    return Explorer(definitions, seed, most_terms, largest).conjectures()
