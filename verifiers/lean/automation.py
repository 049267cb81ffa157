"""Plans as Lean's tactics.

A leaf is a list of alternatives, each of which closes its goal or fails: simplification with equations of definitions,
oriented lemmas and induction hypotheses, then one rewrite by something without a direction in between.

Invariant: a script refers to the statement's variables only by the names that it gives them itself, and to nothing else
but definitions and the canonical names of the lemmas that it lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain import App, Const, Forall, Lambda, Lemma, Term, Var
from term_algebra import constants
from term_algebra.ordering import Rule, directions, is_associativity
from term_algebra.theory import OpenStatement, Theory, as_equation, head_name
from verifiers.lean.premises import PREMISES, premises_of, simplifying
from verifiers.lean.terms import render, render_name
from verifiers.scripts import Plan, Script, moved

_KINDS = frozenset(("search", "induction", "cases", "nested"))
_MOST_ALTERNATIVES = 14

_LOGIC = """  intros
  first
  | assumption
  | contradiction
  | (simp only [*]; done)
  | (simp only [*]; repeat constructor)
  | (constructor; all_goals (intros; first | assumption | (simp only [*]; repeat constructor)))"""
"""Conjunctions, implications and equations, by simplification with the hypotheses."""


@dataclass(frozen=True, slots=True)
class _Means:
    """What a leaf may use: names to simplify with, and lemmas to rewrite with once."""

    simp: tuple[str, ...]
    once: tuple[str, ...]
    facts: tuple[str, ...]
    library: tuple[str, ...]
    closers: tuple[str, ...]


CLOSERS: Mapping[str, str] = {
    "decide": "example : 2 + 2 = 4 := by decide",
    "omega": "example (a b : Nat) (h : a < b) : a + 1 ≤ b := by omega",
    "simp_all": "example (p q : Prop) (h : p) (k : p → q) : q ∧ p := by simp_all",
    "norm_num": "example : (2 : Nat) + 2 = 4 := by norm_num",
    "ring": "example (a b : Nat) : a + b = b + a := by ring",
    "positivity": "example (a : Nat) : 0 ≤ a * a + 1 := by positivity",
    "linarith": "example (a b : Nat) (h : a ≤ b) : a ≤ b + 1 := by linarith",
    "grind": "example (a b : Nat) (h : a = b) : b = a := by grind",
    "nlinarith": "example (a b : Nat) (h : a ≤ b) : a ≤ b + 1 := by nlinarith",
    "aesop": "example (p q : Prop) (h : p) (k : q) : p ∧ q := by aesop",
    "exact?": "example (a b : Nat) (h : a = b) : b = a := by exact?",
}
"""Tactics that close a goal or fail, which not every header brings, and what each proves wherever it is; cheap ones
first. Nothing but trying tells whether it is there: a text with an unknown tactic is not read at all."""

_QUICK = ("decide", "omega", "simp_all", "norm_num", "ring", "positivity", "linarith")
_ON_LEAVES = ("decide", "omega", "grind", "norm_num", "linarith", "nlinarith", "aesop")

_LIBRARY: Mapping[str, tuple[str, ...]] = {
    "Nat.add": ("Nat.add_zero", "Nat.zero_add", "Nat.add_comm", "Nat.add_left_comm", "Nat.add_assoc"),
    "Nat.mul": (
        *("Nat.mul_zero", "Nat.zero_mul", "Nat.mul_one", "Nat.one_mul", "Nat.mul_add", "Nat.add_mul"),
        *("Nat.mul_comm", "Nat.mul_left_comm", "Nat.mul_assoc"),
    ),
    "List.append": ("List.append_assoc", "List.append_nil", "List.cons_append", "List.nil_append"),
}
"""Equations of Lean's own library for simplification, by the function that they are about."""


class LeanAutomation:
    """Lean's own means of proof. `tactics` are those of `CLOSERS` that there are, and those of premises."""

    quick_seconds: float | None = None  # a script that is stopped costs a new process
    reads_terms = True
    takes_choices = False

    def __init__(self, tactics: Sequence[str] = ()) -> None:
        self.tactics = tuple(tactics)

    def knowing(self, tactics: Sequence[str]) -> LeanAutomation:
        return LeanAutomation(tactics)

    def writer(self, theory: Theory, rule: Callable[[Lemma], Rule]) -> LeanWriter:
        return LeanWriter(theory, rule, self.tactics)

    def procedures(self, prelude: str) -> Sequence[str]:
        del prelude
        quick = [tactic for tactic in _QUICK if tactic in self.tactics]
        together = ["  intros", "  first", *[f"  | ({tactic}; done)" for tactic in quick]]
        alone = [f"  intros\n  {tactic}" for tactic in self.tactics if tactic not in _QUICK]
        return (*(["\n".join(together)] if quick else []), _LOGIC, *alone)


class LeanWriter:
    """Writes tactic blocks over one theory."""

    def __init__(self, theory: Theory, rule: Callable[[Lemma], Rule], tactics: Sequence[str] = ()) -> None:
        self._theory = theory
        self._rule = rule
        premises = (tactic for tactic in tactics if tactic not in CLOSERS)
        self._closers = (*(tactic for tactic in _ON_LEAVES if tactic in tactics), *premises)

    def plans(self, shapes: Iterable[Plan], opened: OpenStatement, lemmas: Sequence[Lemma]) -> Iterator[Plan]:
        del opened, lemmas
        yield from (plan for plan in shapes if plan.kind in _KINDS and not plan.normalise and not plan.deep)

    def script(self, opened: OpenStatement, plan: Plan, lemmas: Sequence[Lemma]) -> Script:
        return Script(_block(self._lines(opened, plan, self._means(opened, lemmas))), tuple(lemmas), plan)

    def derived(self, *_: object) -> Script | None:
        return None

    def plainer(self, *_: object) -> str:
        return ""

    def beginnings(self, opened: OpenStatement, plan: Plan) -> Iterator[str]:
        """The goals simplified, without the hypotheses of the induction and with them."""
        means = self._means(opened, ())
        for with_hypotheses in (False, True):
            yield _block(self._lines(opened, plan, means, stuck="ih" if with_hypotheses else "goal"))

    # ---------------------------------------------------------------------------------------------------------- means

    def _means(self, opened: OpenStatement, lemmas: Sequence[Lemma]) -> _Means:
        reached = self._theory.reached(opened.conclusion)
        for binder in opened.hypotheses:
            reached |= self._theory.reached(binder.type)
        for lemma in lemmas:
            reached |= self._theory.reached(lemma.term)
        functions = [f.name for d in self._theory.definitions for f in d.functions if f.name in reached]
        names = [name for name in functions if name not in _LIBRARY]
        simp, once, facts = list(names), list[str](), list[str]()
        for lemma in lemmas:
            rule = self._rule(lemma)
            if rule.kind == "rewrite":
                simp.append(f"{'← ' if rule.reverse else ''}{lemma.canonical_name}")
            elif rule.kind == "commutative":
                simp.append(lemma.canonical_name)
            elif ways := directions(rule.statement):
                once += [f"{'← ' if reverse else ''}{lemma.canonical_name}" for reverse in ways]
            else:
                facts.append(lemma.canonical_name)
        simp += self._exchanges(lemmas)
        simp += [binder.name for binder in opened.hypotheses]
        spoken = frozenset[str]().union(*[constants(term) for term in self._spoken(opened, reached)])
        library = [name for function, equations in _LIBRARY.items() if function in spoken for name in equations]
        return _Means(tuple(simp), tuple(once), tuple(facts), tuple(library), self._closers)

    def _spoken(self, opened: OpenStatement, reached: Iterable[str]) -> Iterator[Term]:
        """The statement, and the functions that it reaches."""
        yield opened.conclusion
        yield from (binder.type for binder in opened.hypotheses)
        yield from (self._theory.functions[name].body for name in reached if name in self._theory.functions)

    def _exchanges(self, lemmas: Sequence[Lemma]) -> Iterator[str]:
        """`f a (f b c) = f b (f a c)`, proved on the spot, for each operation that lemmas show to be commutative and
        associative: with it, simplification sorts operands."""
        for comm in lemmas:
            by = self._rule(comm)
            if by.kind != "commutative" or by.statement.hypotheses or not isinstance(by.left, App):
                continue
            for assoc in lemmas:
                for left, right, flip in _sides(self._rule(assoc).statement):
                    operation = left.function if isinstance(left, App) else None
                    if operation == by.left.function and len(by.left.arguments) == 2 and is_associativity(left, right):
                        yield _exchange(comm, by, assoc, self._rule(assoc), left, flip=flip)

    # ---------------------------------------------------------------------------------------------------------- texts

    def _lines(self, opened: OpenStatement, plan: Plan, means: _Means, stuck: str = "") -> list[str]:
        names = [binder.name for binder in opened.binders]
        lines = [f"intro {' '.join(names)}"] if names else []
        if plan.variable is None:
            return [*lines, *_leaf(means, (), stuck)]
        general = [binder.name for binder in moved(opened, plan)]
        return [*lines, *self._induction(opened, plan, plan.variable, general, means, stuck)]

    def _induction(
        self, opened: OpenStatement, plan: Plan, variable: str, general: Sequence[str], means: _Means, stuck: str
    ) -> list[str]:
        generalizing = f" generalizing {' '.join(general)}" if general else ""
        lines = [f"induction {variable}{generalizing} with"]
        for constructor, fields, hypotheses in self._alternatives(opened, variable, ""):
            lines.append(f"| {constructor}{''.join(f' {name}' for name in (*fields, *hypotheses))} =>")
            inner = _leaf(means, hypotheses, stuck)
            if plan.kind in ("cases", "nested") and plan.second is not None:
                word = "cases" if plan.kind == "cases" else "induction"
                inner = self._second(opened, word, plan.second, means, hypotheses)
            lines += [f"  {line}" for line in inner]
        return lines

    def _second(
        self, opened: OpenStatement, word: str, variable: str, means: _Means, outer: Sequence[str]
    ) -> list[str]:
        lines = [f"{word} {variable} with"]
        for constructor, fields, hypotheses in self._alternatives(opened, variable, "'"):
            own = hypotheses if word == "induction" else ()
            lines.append(f"| {constructor}{''.join(f' {name}' for name in (*fields, *own))} =>")
            lines += [f"  {line}" for line in _leaf(means, (*outer, *own), "")]
        return lines

    def _alternatives(
        self, opened: OpenStatement, variable: str, mark: str
    ) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
        """The constructors of a variable's type by their last names, with names for fields and hypotheses."""
        type_ = next(binder.type for binder in opened.binders if binder.name == variable)
        datatype = self._theory.datatype_of(type_)
        assert datatype is not None
        for constructor in datatype.constructors:
            fields = self._theory.constructor_fields(type_, constructor)
            names = tuple([f"a{index}{mark}" for index in range(len(fields))])
            recursive = [n for n, field in zip(names, fields, strict=True) if head_name(field) == datatype.name]
            short = render_name(constructor.name).rpartition(".")[2]
            yield short, names, tuple([f"ih{name[1:]}" for name in recursive])


def _sides(statement: OpenStatement) -> Iterator[tuple[Term, Term, bool]]:
    """An equation without hypotheses both ways; True for the way that it does not read."""
    equation = as_equation(statement.conclusion)
    if equation is not None and not statement.hypotheses:
        yield equation.left, equation.right, False
        yield equation.right, equation.left, True


def _exchange(comm: Lemma, by: Rule, assoc: Lemma, other: Rule, left: Term, *, flip: bool) -> str:
    assert isinstance(left, App)
    assert isinstance(left.arguments[0], App)
    assert isinstance(by.left, App)
    equation = as_equation(by.statement.conclusion)
    assert equation is not None
    operation, type_ = left.function, equation.type
    inner = [part.name for part in (*left.arguments[0].arguments, left.arguments[1]) if isinstance(part, Var)]
    places = [part.name for part in by.left.arguments if isinstance(part, Var)]

    def associated(*names: str) -> str:
        given = dict(zip(inner, names, strict=True))
        shown = f"({assoc.canonical_name} {' '.join(given[binder.name] for binder in other.statement.binders)})"
        return f"(Eq.symm {shown})" if flip else shown

    def swapped(*names: str) -> str:
        given = dict(zip(places, names, strict=True))
        return f"({comm.canonical_name} {' '.join(given[binder.name] for binder in by.statement.binders)})"

    def both(a: str, b: str) -> Term:
        return App(operation, (Var(a), App(operation, (Var(b), Var("c")))))

    claim: Term = App(Const("eq"), (type_, both("a", "b"), both("b", "a")))
    motive = render(Lambda("t", type_, App(operation, (Var("t"), Var("c")))))
    for name in "cba":
        claim = Forall(name, type_, claim)
    middle = f"(Eq.trans (congrArg ({motive}) {swapped('a', 'b')}) {associated('b', 'a', 'c')})"
    return f"(fun a b c => Eq.trans (Eq.symm {associated('a', 'b', 'c')}) {middle} : {render(claim)})"


def _block(lines: Sequence[str]) -> str:
    """A tactic block; Lean does not take one that begins in the first column."""
    return "\n".join([f"  {line}" for line in lines])


def _leaf(means: _Means, hypotheses: Sequence[str], stuck: str) -> list[str]:
    """Alternatives that close a goal; with `stuck`, what is left of it after simplification instead."""
    plain = _simp(means.simp)
    full = _simp((*means.simp, *hypotheses))
    if stuck:
        return [f"first | {plain if stuck == 'goal' else full} | skip"]
    alternatives = ["eq_refl", "assumption", full]
    if means.library:
        alternatives.append(_simp((*means.simp, *hypotheses, *means.library)))
    known = (*means.simp, *means.library)
    for closer in means.closers:
        if closer.startswith(PREMISES):  # with equations of functions, for which a premise may make room
            alternatives += [closer, *simplifying((*known, *premises_of(closer)))]
        else:
            alternatives += [closer, f"{plain}; {closer}", f"{_simp(means.simp)} at *; {closer}"]
    if hypotheses:
        at = " ".join(hypotheses)
        back = [f"← {name}" for name in hypotheses]
        alternatives.append(f"{_simp(means.simp)} at {at} ⊢; {_simp(hypotheses)}")
        alternatives.append(f"{_simp(means.simp)} at {at} ⊢; {full}")
        alternatives += [_simp((*means.simp, name)) for name in back]
        alternatives += [f"{plain}; rewrite [{name}]; first | done | eq_refl | {full}" for name in (*hypotheses, *back)]
    for name in means.once:
        alternatives.append(f"rewrite [{name}]; first | done | eq_refl | {full}")
        alternatives.append(f"{full}; rewrite [{name}]; first | done | eq_refl | {full}")
    for name in means.facts:
        alternatives.append(f"apply {name}; all_goals first | assumption | eq_refl | {full}")
    alternatives.append("contradiction")
    chosen = alternatives[: _MOST_ALTERNATIVES + len(means.facts) + 3 * len(means.closers)]
    return ["first", *[f"| ({text}; done)" for text in chosen]]


def _simp(names: Sequence[str]) -> str:
    return f"simp only [{', '.join(names)}]"
