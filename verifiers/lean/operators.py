"""Numerals and signs of Lean read as plain functions, and written as Lean has them.

Lean shows `n + 2` as `HAdd.hAdd Nat Nat Nat (instHAdd Nat instAddNat) n (OfNat.ofNat Nat 2 (instOfNatNat 2))`. In terms
that is `S (S n)`; `a + b` is `Nat.add a b`, and `xs ++ ys` is `List.append α xs ys`.

Invariant: a sign is read only with the very instance of Lean's own library, which makes it the function by unfolding
instances alone; with any other it stays the application that it is. What is written is read as the same term.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from domain import App, Const, Term

MOST = 16
"""Up to this number a numeral of type `Nat` is read as constructors; a larger one stays as Lean shows it."""

_NAT: Term = Const("nat")


class _Sign(NamedTuple):
    """A sign of a class for one type: `types` arguments of that type come first, then the instance."""

    name: str
    types: int
    instance: Term
    swapped: bool = False


def _binary(type_: Term, name: str, lift: str, instance: Term) -> _Sign:
    return _Sign(name, 3, App(Const(lift), (type_, instance)))


def _natural() -> Mapping[str, _Sign]:
    power = App(Const("instHPow"), (_NAT, _NAT, App(Const("instPowNat"), (_NAT, Const("instNatPowNat")))))
    return {
        "Nat.add": _binary(_NAT, "HAdd.hAdd", "instHAdd", Const("instAddNat")),
        "Nat.sub": _binary(_NAT, "HSub.hSub", "instHSub", Const("instSubNat")),
        "Nat.mul": _binary(_NAT, "HMul.hMul", "instHMul", Const("instMulNat")),
        "Nat.div": _binary(_NAT, "HDiv.hDiv", "instHDiv", Const("Nat.instDivNat")),
        "Nat.mod": _binary(_NAT, "HMod.hMod", "instHMod", Const("Nat.instModNat")),
        "Nat.pow": _Sign("HPow.hPow", 3, power),
        "Nat.le": _Sign("LE.le", 1, Const("instLENat")),
        "Nat.lt": _Sign("LT.lt", 1, Const("instLTNat")),
    }


def _integer() -> Mapping[str, _Sign]:
    integer: Term = Const("Int")
    return {
        "Int.add": _binary(integer, "HAdd.hAdd", "instHAdd", Const("Int.instAddInt")),
        "Int.sub": _binary(integer, "HSub.hSub", "instHSub", Const("Int.instSubInt")),
        "Int.mul": _binary(integer, "HMul.hMul", "instHMul", Const("Int.instMulInt")),
        "Int.ediv": _binary(integer, "HDiv.hDiv", "instHDiv", Const("Int.instDivInt")),
        "Int.emod": _binary(integer, "HMod.hMod", "instHMod", Const("Int.instModInt")),
        "Int.le": _Sign("LE.le", 1, Const("Int.instLEInt")),
        "Int.lt": _Sign("LT.lt", 1, Const("Int.instLTInt")),
    }


_SIGNS: Mapping[str, tuple[Term, _Sign]] = {
    name: (type_, sign)
    for type_, signs in ((_NAT, _natural()), (Const("Int"), _integer()))
    for name, sign in signs.items()
}
"""What a function of two arguments is written as, with its type."""

_READ: Mapping[tuple[str, Term, Term], str] = {
    (sign.name, type_, sign.instance): name for name, (type_, sign) in _SIGNS.items()
}
_TURNED = {"GE.ge": "LE.le", "GT.gt": "LT.lt"}


def _append(type_: Term) -> tuple[Term, ...]:
    """The types and the instance of `++` for lists over a type."""
    lists = App(Const("list"), (type_,))
    instance = App(Const("instHAppendOfAppend"), (lists, App(Const("List.instAppend"), (type_,))))
    return (lists, lists, lists, instance)


def numeral(number: int) -> Term:
    """A natural number as constructors."""
    term: Term = Const("O")
    for _ in range(number):
        term = App(Const("S"), (term,))
    return term


def read(term: Term) -> Term:
    """A term whose parts are read, with its own sign read."""
    match term:
        case App(Const("OfNat.ofNat"), (type_, Const(digits), instance)) if type_ == _NAT and digits.isdecimal():
            small = int(digits) <= MOST and instance == App(Const("instOfNatNat"), (Const(digits),))
            return numeral(int(digits)) if small else term
        case App(Const("Nat.add"), (left, right)):
            return _sum(left, right)
        case App(Const("Ne"), (type_, left, right)):
            return App(Const("not"), (App(Const("eq"), (type_, left, right)),))
        case App(Const("HAppend.hAppend"), (App(Const("list"), (type_,)), _, _, _, left, right) as given):
            same = given[:4] == _append(type_)
            return App(Const("List.append"), (type_, left, right)) if same else term
        case App(Const(name), (type_, *types, instance, left, right)):
            turned = _TURNED.get(name, name)
            found = _READ.get((turned, type_, instance))
            if found is None or len(types) != _SIGNS[found][1].types - 1 or any(one != type_ for one in types):
                return term
            left, right = (right, left) if turned != name else (left, right)
            return _sum(left, right) if found == "Nat.add" else App(Const(found), (left, right))
        case _:
            return term


def _sum(left: Term, right: Term) -> Term:
    """`left + right`; a numeral on the right is so many constructors around the left, as Lean computes it."""
    count, rest = successors(right)
    if rest != Const("O") or not count:
        return App(Const("Nat.add"), (left, right))
    for _ in range(count):
        left = App(Const("S"), (left,))
    return left


def successors(term: Term) -> tuple[int, Term]:
    """How many constructors `S` stand around a term, and that term."""
    count = 0
    while isinstance(term, App) and term.function == Const("S") and len(term.arguments) == 1:
        count, term = count + 1, term.arguments[0]
    return count, term


def written(term: Term) -> Term:
    """A term as Lean shows it: its own numeral or sign with types and instance; its parts are as they were."""
    match term:
        case Const("O"):
            return _literal(0)
        case App(Const("S"), (_,)):
            count, rest = successors(term)
            if rest == Const("O"):
                return _literal(count) if count <= MOST else term
            return _sign("Nat.add", rest, _literal(count)) if count <= MOST else term
        case App(Const("List.append"), (type_, left, right)):
            return App(Const("HAppend.hAppend"), (*_append(type_), left, right))
        case App(Const(name), (left, right)) if name in _SIGNS:
            return _sign(name, left, right)
        case _:
            return term


def _literal(number: int) -> Term:
    digits = Const(str(number))
    return App(Const("OfNat.ofNat"), (_NAT, digits, App(Const("instOfNatNat"), (digits,))))


def _sign(name: str, left: Term, right: Term) -> Term:
    type_, sign = _SIGNS[name]
    return App(Const(sign.name), (*[type_] * sign.types, sign.instance, left, right))
