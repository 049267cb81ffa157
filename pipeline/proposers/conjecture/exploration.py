"""Theory exploration: equations and implications that hold on every tested value, over given definitions.

Terms are enumerated by size. Each is evaluated once on shared random valuations; terms with equal results form a
class, of which only the first is built upon. A term that falls into an old class is a conjecture, unless rewriting
with earlier conjectures derives it. (After QuickSpec: Smallbone, Johansson, Claessen, Algehed, JFP 2017.)

Invariant: the result depends on the definitions and the seed alone; work is bounded by counts, not by the clock.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from domain import App, Const, Definition, Forall, Function, Sort, Term, Var
from pipeline.proposers.conjecture import laws
from pipeline.proposers.conjecture.evaluation import OutOfFuelError
from pipeline.proposers.conjecture.ground_values import compositions
from pipeline.proposers.conjecture.laws import Symbol
from pipeline.proposers.conjecture.testing import Tester
from term_algebra import apply, constants, free_variables, has_fix, substitute
from term_algebra.ordering import Precedence
from term_algebra.rewriting import RuleSet, to_pattern
from term_algebra.simplification import unfold_call
from term_algebra.standard import BOOL, INTEGER, INTEGER_FUNCTIONS, arrow
from term_algebra.theory import Theory, arguments, close, equation, pi_binders
from term_algebra.values import UnsupportedError, Value

VALUATIONS = 40
"""Random valuations on which terms are compared."""

MOST_TERMS = 12_000
"""Terms evaluated in one exploration."""

MOST_CALLS = 4_000_000
"""Recursive calls evaluated in one exploration."""

FUEL = 1_500
"""Recursive calls for one evaluation; a term that needs more on many valuations is left out."""

LARGEST = 7
"""Symbols of the largest term."""

VARIABLES = 3
"""Variables of each type."""

IMPLICATION_SIZE = 8
"""Symbols of both sides of an implication between Bool terms."""

MOST_IMPLICATIONS = 40
"""Implications between Bool terms that one exploration proposes, smallest first."""

CONFIRMATIONS = 200
"""Further valuations that a conjecture must survive."""


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """An enumerated term with its results."""

    term: Term
    type: Term
    size: int
    results: tuple[Value, ...]
    variables: frozenset[str]


class _Found(NamedTuple):
    """A new term and the older one with the same results."""

    size: int
    variables: int
    built: Built
    old: Built


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
    precedence: Precedence = field(init=False)
    variables: dict[str, Term] = field(default_factory=dict[str, Term])
    rules: RuleSet = field(init=False)

    def __post_init__(self) -> None:
        self.tester = Tester(self.definitions, FUEL)
        self.theory = self.tester.theory
        self.precedence = Precedence(self.theory)
        self.rules = RuleSet(self.precedence)
        self._classes: dict[Term, dict[tuple[Value, ...], Built]] = {}
        self._by_size: dict[tuple[Term, int], list[Built]] = {}
        self._evaluated = 0
        self._calls = 0

    def conjectures(self) -> list[Term]:
        """Closed statements, the smallest and most general first: one about a numeral counts as larger by its size."""
        symbols = self._symbols()
        leaves = self._leaves(symbols)
        kept = self._laws(symbols)
        for statement in kept:
            self._learn(statement)
        raw: list[_Found] = []
        for leaf in leaves:
            self._enter(leaf, raw)
        for _ in self._grow(symbols, raw):
            pass
        found = [*kept.values(), *self._independent(raw, kept)]
        found.extend(self._implications())
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
        symbols = self._symbols([name for name, type_ in variables.items() if isinstance(type_, Sort)])
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
        raw: list[_Found] = []
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

    def _grow(self, symbols: Sequence[Symbol], raw: list[_Found]) -> Iterator[Built]:
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

    # ---------------------------------------------------------------------------------------------------- signature

    def _symbols(self, types_of: Sequence[str] | None = None) -> list[Symbol]:
        """Every function and constructor of the definitions, at the types that the definitions make interesting.

        `types_of` are the type variables to use, if they are given.
        """
        names = [f.name for d in self.definitions for f in d.functions if not _is_truth_table(f)]
        own = {datatype.name for d in self.definitions for datatype in d.datatypes}
        reached = {n for f in names for n in self.theory.reached(Const(f))}
        types = own | {n for n in reached if n in self.theory.datatypes}
        constructors = [c.name for name in sorted(types) for c in self.theory.datatypes[name].constructors]
        elements = self._element_types(names, types_of)
        symbols: list[Symbol] = []
        for name in [*constructors, *names]:
            symbols.extend(self._instances(name, elements))
        return symbols

    def _element_types(self, names: Iterable[str], types_of: Sequence[str] | None) -> list[Term]:
        """What type parameters are instantiated with: variables, and what some function's type demands."""
        most, found = 0, dict[Term, None]()
        for name in names:
            type_ = self.theory.functions[name].type
            parameters = [n for n, t in pi_binders(type_) if isinstance(t, Sort)]
            most = max(most, len(parameters))
            table = dict(zip(parameters, (Var("A"), Var("B"), Var("C")), strict=False))
            for _, binder in pi_binders(type_):
                for argument in arguments(substitute(binder, {n: table[n] for n in parameters if n in table})):
                    known = argument == INTEGER or self.theory.datatype_of(argument) is not None
                    if known and not isinstance(binder, Forall):
                        found[argument] = None
        if types_of is not None:
            return [Var(name) for name in types_of] + [t for t in found if not free_variables(t)]
        return [Var("A"), Var("B")][: max(1, min(most, 2))] + list(found)

    def _instances(self, name: str, elements: Sequence[Term]) -> Iterator[Symbol]:
        type_ = self.theory.type_of_constant(name)
        parameters = 0
        rest = type_
        while isinstance(rest, Forall) and isinstance(rest.type, Sort):
            parameters, rest = parameters + 1, rest.body
        assert type_ is not None
        constructor = name in self.theory.constructors
        for choice in itertools.product(elements, repeat=parameters):
            if parameters > 1 and len(set(choice)) == 1 and len(elements) > 1:
                continue
            body = type_
            for argument in choice:
                assert isinstance(body, Forall)
                body = substitute(body.body, {body.name: argument}) if body.name != "_" else body.body
            domains = tuple(t for _, t in pi_binders(body))
            result = body
            while isinstance(result, Forall):
                result = result.body
            if isinstance(result, Sort) or any(isinstance(d, Sort) for d in domains):
                continue
            try:
                run = self._runner(name, len(choice), len(domains), constructor=constructor)
            except UnsupportedError:
                continue
            yield Symbol(apply(Const(name), choice), domains, result, run, constructor)

    def _runner(self, name: str, types: int, fields: int, *, constructor: bool) -> Callable[..., Value]:
        if constructor:
            index = self.theory.constructors[name].index
            return lambda *values: (index, *values)
        function, arity = self.tester.evaluator.function(name)
        given = (None,) * types
        if arity == types + fields:
            return lambda *values: function(*given, *values)

        def run(*values: Value) -> Value:
            everything = (*given, *values)
            result = function(*everything[:arity])
            for value in everything[arity:]:
                result = result(value)
            return result

        return run

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
        for name, type_ in given.items():
            self.variables[name] = type_
            try:
                results = tuple(self.tester.values.draw(type_, rng.randint(0, 4), rng) for _ in range(VALUATIONS))
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
        if self.rules.is_reducible_at_root(to_pattern(term)):
            return None
        if unfold_call(term, self.theory) is not None:
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

    def _enter(self, built: Built, found: list[_Found]) -> None:
        classes = self._classes.setdefault(built.type, {})
        old = classes.get(built.results)
        if old is None:
            classes[built.results] = built
            self._by_size.setdefault((built.type, built.size), []).append(built)
        elif self.rules.learn(to_pattern(built.term), to_pattern(old.term)):
            found.append(_Found(built.size + old.size, len(built.variables), built, old))

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
        integers = [one for name in sorted(reached & INTEGER_RELATIONS) for one in self._instances(name, ())]
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

    def _independent(self, found: Sequence[_Found], known: Iterable[Term]) -> list[tuple[int, int, Term]]:
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

    # ------------------------------------------------------------------------------------------------ other statements

    def _implications(self) -> Iterator[tuple[int, int, Term]]:
        """`p = true -> q = true` for Bool terms where `p` has no more variables than `q`."""
        true, boolean = Const("true"), Const("bool")
        pool = [b for b in self._classes.get(boolean, {}).values() if 1 < b.size < IMPLICATION_SIZE]
        found: list[tuple[int, Built, Built]] = []
        for q in pool:
            weakest = [p for p in pool if self._implies(p, q) and p.size + q.size <= IMPLICATION_SIZE]
            weakest = [p for p in weakest if not any(o is not p and self._implies(p, o) for o in weakest)]
            found.extend((p.size + q.size, p, q) for p in weakest)
        found.sort(key=lambda item: item[0])
        for index, (size, p, q) in enumerate(found[:MOST_IMPLICATIONS]):
            statement = self._close([equation(boolean, p.term, true)], equation(boolean, q.term, true))
            yield size + 2, index, statement

    def _implies(self, p: Built, q: Built) -> bool:
        """Whether `q` holds wherever `p` does, as far as was seen, and speaks of all that `p` speaks of."""
        if p is q or not p.variables <= q.variables:
            return False
        held = [b for a, b in zip(p.results, q.results, strict=True) if a == (0,)]
        return len(held) >= VALUATIONS // 10 and all(b == (0,) for b in held)

    # ------------------------------------------------------------------------------------------------------- results

    def _close(self, hypotheses: Sequence[Term], conclusion: Term) -> Term:
        return close(hypotheses, conclusion, self.variables)

    def _confirmed(self, statements: Iterable[Term]) -> list[Term]:
        kept: dict[Term, None] = {}
        for statement in statements:
            if statement in kept:
                continue
            report = self.tester.test(statement, self.seed + 1, CONFIRMATIONS)
            if report.counterexample is None and report.tested > 0:
                kept[statement] = None
        return list(kept)


def _is_truth_table(function: Function) -> bool:
    """A connective between Bools: case splits see through it, and its laws would only be noise."""
    return not has_fix(function.body) and set(constants(function.type)) == {"bool"}


class _Missing:
    """The result of an evaluation that was cut off."""


Missing: Any = _Missing()


def explore(
    definitions: Sequence[Definition], seed: int = 0, most_terms: int = MOST_TERMS, largest: int = LARGEST
) -> list[Term]:
    """Closed statements over the functions of `definitions` that no test refuted, smallest first."""
    return Explorer(definitions, seed, most_terms, largest).conjectures()
