"""What the standard functions of the prover's core compute, on the values of `term_algebra.values`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from term_algebra.standard import INTEGER_FUNCTIONS, STANDARD_FUNCTIONS
from term_algebra.values import UnsupportedError, Value


class OutOfFuelError(Exception):
    """Evaluation was cut off."""


def _nat(value: Value) -> int:
    count = 0
    while value[0]:
        value = value[1]
        count += 1
    return count


MOST = 10_000
"""The largest number that is written out as constructors: a product of products would fill the memory."""


def _unary(count: int) -> Value:
    if count > MOST:
        raise OutOfFuelError
    value: Value = (0,)
    for _ in range(count):
        value = (1, value)
    return value


_TRUE, _FALSE = (0,), (1,)


def _bool(value: object) -> Value:
    return _TRUE if value else _FALSE


STANDARD: Mapping[str, tuple[int, Callable[..., Value]]] = {
    "andb": (2, lambda a, b: b if a == _TRUE else _FALSE),
    "orb": (2, lambda a, b: _TRUE if a == _TRUE else b),
    "implb": (2, lambda a, b: b if a == _TRUE else _TRUE),
    "xorb": (2, lambda a, b: _bool(a != b)),
    "negb": (1, lambda a: _bool(a == _FALSE)),
    "Bool.eqb": (2, lambda a, b: _bool(a == b)),
    "Nat.add": (2, lambda a, b: _unary(_nat(a) + _nat(b))),
    "Nat.mul": (2, lambda a, b: _unary(_nat(a) * _nat(b))),
    "Nat.sub": (2, lambda a, b: _unary(max(0, _nat(a) - _nat(b)))),
    "Nat.eqb": (2, lambda a, b: _bool(a == b)),
    "Nat.leb": (2, lambda a, b: _bool(_nat(a) <= _nat(b))),
}
assert set(STANDARD) == set(STANDARD_FUNCTIONS)


def _divided(function: Callable[[int, int], int]) -> Callable[[int, int], int]:
    """Division as the prover has it, with a divisor that is not zero; what it makes of zero is not asked here."""

    def divide(number: int, divisor: int) -> int:
        if divisor == 0:
            raise OutOfFuelError
        return function(number, divisor)

    return divide


INTEGERS: Mapping[str, tuple[int, Callable[..., Value]]] = {
    "Z0": (0, lambda: 0),
    "Zpos": (1, lambda p: p),
    "Zneg": (1, lambda p: -p),
    "xH": (0, lambda: 1),
    "xO": (1, lambda p: 2 * p),
    "xI": (1, lambda p: 2 * p + 1),
    "Z.add": (2, lambda a, b: a + b),
    "Z.sub": (2, lambda a, b: a - b),
    "Z.mul": (2, lambda a, b: a * b),
    "Z.opp": (1, lambda a: -a),
    "Z.div": (2, _divided(lambda a, b: a // b)),
    "Z.modulo": (2, _divided(lambda a, b: a % b)),
    "Z.eqb": (2, lambda a, b: _bool(a == b)),
    "Z.leb": (2, lambda a, b: _bool(a <= b)),
    "Z.ltb": (2, lambda a, b: _bool(a < b)),
}


assert set(INTEGER_FUNCTIONS) == set(INTEGERS)

_INTEGER_PATTERNS: Mapping[str, tuple[str, str]] = {
    "Z0": ("{} == 0", ""),
    "Zpos": ("{} > 0", "{}"),
    "Zneg": ("{} < 0", "-{}"),
    "xH": ("{} == 1", ""),
    "xO": ("{} % 2 == 0", "{} // 2"),
    "xI": ("{} % 2 == 1 < {}", "{} // 2"),
}


def integer_pattern(constructor: str, value: str) -> tuple[str, list[str]]:
    """When a binary number is made by a constructor, and its fields then, as Python's expressions of its name.

    Raises:
        UnsupportedError: the constructor makes no binary number.
    """
    if constructor not in _INTEGER_PATTERNS:
        raise UnsupportedError(f"unknown constructor {constructor}")
    met, field = _INTEGER_PATTERNS[constructor]
    return met.replace("{}", value), [field.replace("{}", value)] if field else []


def curry(function: Callable[..., Value], arity: int, *given: Value) -> Value:
    """One-argument view of an `arity`-ary function."""
    if arity == 0:
        return function(*given)
    return lambda value: curry(function, arity - 1, *given, value)
