"""One lemma as Ltac: rewriting with it, applying it to known facts, an instance of it, and choices among such steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain import App, Const, Lemma, Term, Var
from term_algebra.ordering import Rule
from term_algebra.theory import OpenStatement


def first(alternatives: Sequence[str]) -> str:
    """The first alternative that applies."""
    return f"first [ {' | '.join(alternatives)} ]" if alternatives else "fail"


def one_of(alternatives: Sequence[str]) -> str:
    """Every alternative in turn, until one after which the rest succeeds."""
    return f"({' + '.join(alternatives)})" if alternatives else "fail"


def rewrite(lemma: Lemma, rule: Rule) -> str:
    """Rewrite with a lemma in its direction."""
    return f"rewrite {'<- ' if rule.reverse else ''}{lemma.canonical_name}"


def forward(lemma: Lemma, rule: Rule) -> str:
    """Apply a lemma to known facts that match its hypotheses."""
    hypotheses = [binder.name for binder in rule.statement.hypotheses]
    given = " ".join(f"K{hypotheses.index(b.name)}" if b.kind == "hypothesis" else "_" for b in rule.statement.binders)
    pattern = ", ".join(f"K{i} : _ = _" for i in range(len(hypotheses)))
    return f"match goal with {pattern} |- _ => lm_learn ({lemma.canonical_name} {given}) end"


def hole_pattern(term: Term, holes: Mapping[str, str]) -> str:
    """A first-order term as a pattern, its variables being holes."""
    if isinstance(term, Var):
        return holes.get(term.name, "_")
    if isinstance(term, App):
        top = term.function
        head = f"@{top.name}" if isinstance(top, Const) else hole_pattern(top, holes)
        return f"({' '.join([head, *(hole_pattern(argument, holes) for argument in term.arguments)])})"
    return f"(@{term.name})" if isinstance(term, Const) else "_"


def binary_pattern(application: App) -> str:
    """`f _ ?a ?b` for a binary operation with type arguments."""
    head = application.function
    assert isinstance(head, Const)
    types = " ".join("_" for _ in application.arguments[:-2])
    return f"@{head.name} {types} ?a ?b"


def instance(lemma: Lemma, statement: OpenStatement, values: dict[str, str]) -> str:
    """The lemma at some values; premises at its end stay premises."""
    last = max((i for i, binder in enumerate(statement.binders) if binder.kind != "hypothesis"), default=-1)
    given = [values.get(binder.name, "_") for binder in statement.binders[: last + 1]]
    return f"({' '.join([lemma.canonical_name, *given])})"


def commute(lemma: Lemma, rule: Rule) -> str:
    """Rewrite with a law of commutativity at `a` and `b`."""
    assert isinstance(rule.left, App)
    x, y = (argument.name for argument in rule.left.arguments[-2:] if isinstance(argument, Var))
    return f"rewrite {instance(lemma, rule.statement, {x: 'a', y: 'b'})}"


def permute(comm: Lemma, rule: Rule, assoc: Lemma, other: Rule, left: App, as_stated: bool) -> str:
    """Sort the operands of an operation that two lemmas show to be commutative and associative."""
    inner = left.arguments[-2]
    assert isinstance(inner, App)
    names = [v.name for v in (*inner.arguments[-2:], left.arguments[-1]) if isinstance(v, Var)]
    at = instance(assoc, other.statement, dict(zip(names, "abc", strict=True)))
    to_right, to_left = ("", "<- ") if as_stated else ("<- ", "")
    head = left.function
    assert isinstance(head, Const)
    if len(left.arguments) > 2:
        return "fail"
    return (
        f"lm_permute {head.name} ltac:(fun a b => {commute(comm, rule)}) "
        f"ltac:(fun a b c => rewrite {to_left}{at}) ltac:(fun a b c => rewrite {to_right}{at})"
    )
