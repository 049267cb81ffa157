"""On which argument a function recurses, and how deep it looks: read from its body."""

from __future__ import annotations

from domain import App, Fix, Lambda, Match, Term, Var
from term_algebra import children
from term_algebra.theory import Theory


def structural_index(theory: Theory, name: str) -> int | None:
    """Position of the argument on which a global function recurses, where the prover says which it is.

    It does not where there is one argument. That one is meant only in lexicographic recursions, where another function
    recurses below it.
    """
    found = _recursion_of(theory, name)
    if found is None:
        return None
    before, index, body = found
    return before - 1 if index is None and _recursion(body) is not None else index


def inner_recursion(theory: Theory, name: str) -> tuple[int, int] | None:
    """Of a global function that recurses lexicographically: how many arguments its inner function leaves out, and the
    position of the argument on which that one recurses."""
    outer = _recursion_of(theory, name)
    inner = _recursion(outer[2]) if outer is not None else None
    if outer is None or inner is None:
        return None
    arguments, index, _ = inner
    return outer[0], outer[0] + (arguments - 1 if index is None else index)


def _recursion_of(theory: Theory, name: str) -> tuple[int, int | None, Term] | None:
    function = theory.functions.get(name)
    return _recursion(function.body) if function is not None else None


def _recursion(body: Term) -> tuple[int, int | None, Term] | None:
    """Of a recursive function: its arguments, on which it recurses if that is said, and what is below; else None."""
    skipped = 0
    while isinstance(body, Lambda):
        body, skipped = body.body, skipped + 1
    if not isinstance(body, Fix):
        return None
    chosen = next(f for f in body.functions if f.name == body.chosen)
    index = next((skipped + i for i, (p, _) in enumerate(chosen.parameters) if p == chosen.structural), None)
    return skipped + len(chosen.parameters), index, chosen.body


def recursion_depth(body: Term) -> int:
    """How many constructors a recursive call takes off its structural argument at once; 0 if not recursive."""
    if not isinstance(body, Fix):
        return 0
    deepest = 0
    for function in body.functions:
        names = {f.name for f in body.functions}
        index = next((i for i, (p, _) in enumerate(function.parameters) if p == function.structural), 0)
        depths = {function.parameters[index][0]: 0} if function.parameters else {}
        deepest = max(deepest, _depth(function.body, names, index, depths))
    return deepest


def _depth(term: Term, names: set[str], index: int, depths: dict[str, int]) -> int:
    if isinstance(term, Match):
        best = _depth(term.scrutinee, names, index, depths)
        for branch in term.branches:
            inner = dict(depths)
            for variable in branch.variables:
                inner.pop(variable, None)
            if isinstance(term.scrutinee, Var) and term.scrutinee.name in depths:
                inner.update({v: depths[term.scrutinee.name] + 1 for v in branch.variables if v != "_"})
            best = max(best, _depth(branch.body, names, index, inner))
        return best
    best = max((_depth(child, names, index, depths) for child, _ in children(term)), default=0)
    if isinstance(term, App) and isinstance(term.function, Var) and term.function.name in names:
        argument = term.arguments[index] if index < len(term.arguments) else None
        if isinstance(argument, Var):
            best = max(best, depths.get(argument.name, 0))
    return best
