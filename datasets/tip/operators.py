"""Operators in their normal form: what they take, and the typed term of one at its operands.

`and`, `or`, `=>` and arithmetic are binary, `distinct` is `not` of `=`, `>` and `>=` are turned round. `ite` is not
among them: its type is that of its branches.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

from datasets.tip.syntax import BOOL, INT, TranslationError, Type
from datasets.tip.typed import Constant, Integer, Typed


class Signature(NamedTuple):
    operand: Type | None
    """None where all operands have one type, whatever it is."""
    result: Type


def signature(name: str, count: int) -> Signature | None:
    """The types of an operator with so many operands; None if there is none."""
    match name:
        case "true" | "false" if count == 0:
            return Signature(BOOL, BOOL)
        case "not" if count == 1:
            return Signature(BOOL, BOOL)
        case "and" | "or" | "=>" if count >= 1:
            return Signature(BOOL, BOOL)
        case "=" | "distinct" if count >= 2:
            return Signature(None, BOOL)
        case "<" | "<=" | ">" | ">=" if count >= 2:
            return Signature(INT, BOOL)
        case "+" | "-" | "*" | "div" | "mod" if count >= 1:
            return Signature(INT, INT)
        case _:
            return None


def applied(name: str, operands: Sequence[Typed], type_: Type, where: str) -> Typed:
    """An operator that has a signature, at operands of `type_`, in the declaration `where`."""
    match name:
        case "true" | "false" | "not":
            return operation(name, tuple(operands))
        case "and" | "or" | "=>":
            return _fold_right(name, operands)
        case "=":
            return _fold_right("and", [equation(one, other, type_) for one, other in pairwise(operands)])
        case "distinct":
            different = [equation(one, other, type_) for one, other in combinations(operands, 2)]
            return _fold_right("and", [operation("not", (item,)) for item in different])
        case "<" | "<=" | ">" | ">=":
            return _fold_right("and", [_comparison(name, *pair) for pair in pairwise(operands)])
        case _:
            return _arithmetic(name, operands, where)


def operation(name: str, arguments: tuple[Typed, ...]) -> Typed:
    """A Boolean operator applied."""
    return Constant("operator", name, (), arguments, BOOL)


def equation(left: Typed, right: Typed, type_: Type) -> Typed:
    return Constant("operator", "=", (type_,), (left, right), BOOL)


def _comparison(name: str, left: Typed, right: Typed) -> Typed:
    if name in {">", ">="}:
        name, left, right = {">": "<", ">=": "<="}[name], right, left
    return operation(name, (left, right))


def _fold_right(name: str, operands: Sequence[Typed]) -> Typed:
    result = operands[-1]
    for operand in reversed(operands[:-1]):
        result = operation(name, (operand, result))
    return result


def _arithmetic(name: str, operands: Sequence[Typed], where: str) -> Typed:
    if len(operands) == 1 and name == "-":
        return Constant("operator", "-", (), (Integer(0), operands[0]), INT)
    result = operands[0]
    for operand in operands[1:]:
        if name in {"div", "mod"} and not (isinstance(operand, Integer) and operand.value > 0):
            raise TranslationError(f"division by what is not a positive numeral: {where}")
        result = Constant("operator", name, (), (result, operand), INT)
    return result
