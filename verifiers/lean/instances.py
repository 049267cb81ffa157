"""Signs of a header's own types read as the functions that its instances give them.

With `instance : Add Num := ⟨add⟩` Lean shows `n + m` as `HAdd.hAdd Num Num Num (instHAdd Num instAddNum) n m`, which is
`add n m` by unfolding instances alone.

Invariant: only instances for types of the header are unfolded, by the bodies that Lean shows of them. What is read is
convertible with what stands there; what is not understood stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from domain import App, Const, Forall, Lambda, Let, Term
from term_algebra import apply, children, constants
from term_algebra.reduction import beta

_PARAMETERS = {
    **dict.fromkeys(("Add.add", "Sub.sub", "Mul.mul", "Div.div", "Mod.mod", "Neg.neg", "Inv.inv", "Append.append"), 1),
    **dict.fromkeys(("LE.le", "LT.lt", "BEq.beq", "Zero.zero", "One.one", "Inhabited.default"), 1),
    **dict.fromkeys(("OfNat.ofNat", "Pow.pow", "SMul.smul", "Membership.mem"), 2),
    **dict.fromkeys(("HAdd.hAdd", "HSub.hSub", "HMul.hMul", "HDiv.hDiv", "HMod.hMod"), 3),
    **dict.fromkeys(("HAppend.hAppend", "HPow.hPow", "HSMul.hSMul"), 3),
}
"""The one field of a class → how many arguments of the class come before the instance."""

_LIFTS = {
    "instHAdd": "Add.add",
    "instHSub": "Sub.sub",
    "instHMul": "Mul.mul",
    "instHDiv": "Div.div",
    "instHMod": "Mod.mod",
    "instHAppendOfAppend": "Append.append",
    "instHPow": "Pow.pow",
    "instHSMul": "SMul.smul",
}
"""Lean's instance that makes a sign between different types of one within a type → the field that it calls."""

_TURNED = {"GE.ge": "LE.le", "GT.gt": "LT.lt"}


def heads(term: Term, types: Collection[str]) -> frozenset[str]:
    """The names of instances for these types that signs in a term rest on; `read` wants their bodies."""
    return frozenset(_heads(term, types))


def _heads(term: Term, types: Collection[str]) -> Iterator[str]:
    if (found := _sign(term)) is not None and (name := _name(found[2])) is not None:
        _, given, _, _ = found
        if any(constants(one) & frozenset(types) for one in given):
            yield name
    for child, _ in children(term):
        yield from _heads(child, types)


def read(term: Term, bodies: Mapping[str, Term]) -> Term:
    """A term in which signs are what the instances with these bodies make of them."""
    match term:
        case App(function, arguments):
            term = apply(read(function, bodies), [read(argument, bodies) for argument in arguments])
        case Forall(name, type_, body) | Lambda(name, type_, body):
            return type(term)(name, read(type_, bodies), read(body, bodies))
        case Let(name, value, type_, body):
            return Let(name, read(value, bodies), read(type_, bodies) if type_ else None, read(body, bodies))
        case _:
            return term
    found = _sign(term)
    if found is None:
        return term
    field, given, instance, rest = found
    body = bodies.get(_name(instance) or "")
    made = beta(apply(body, _arguments(instance))) if body is not None else None
    match made:
        case App(Const(maker), parts) if maker == f"{field.partition('.')[0]}.mk" and len(parts) == len(given) + 1:
            return read(beta(apply(parts[-1], rest)), bodies)
        case _:
            return term


def _sign(term: Term) -> tuple[str, tuple[Term, ...], Term, tuple[Term, ...]] | None:
    """A sign with its instance: the field of a class, that class's arguments, the instance, and what the sign is of."""
    match term:
        case App(Const(name), (type_, instance, left, right)) if name in _TURNED:
            return _TURNED[name], (type_,), instance, (right, left)
        case App(Const(name), arguments) if len(arguments) > (count := _PARAMETERS.get(name, len(arguments))):
            given, instance, rest = arguments[:count], arguments[count], arguments[count + 1 :]
        case _:
            return None
    match instance:
        case App(Const(lift), (*types, lifted)) if lift in _LIFTS:
            return _LIFTS[lift], tuple(types), lifted, rest
        case _:
            return name, given, instance, rest


def _name(instance: Term) -> str | None:
    head = instance.function if isinstance(instance, App) else instance
    return head.name if isinstance(head, Const) else None


def _arguments(instance: Term) -> tuple[Term, ...]:
    return instance.arguments if isinstance(instance, App) else ()
