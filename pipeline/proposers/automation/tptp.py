"""The text of first-order formulas in TPTP's `fof`."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence


def unused(names: Mapping[str, str]) -> str:
    """A variable that no name in sight stands for."""
    taken = set(names.values())
    return next(variable for number in itertools.count() if (variable := f"X{number}") not in taken)


def general(variables: Sequence[str], formula: str) -> str:
    """A formula about all values of its variables."""
    return f"![{','.join(variables)}]: ({formula})" if variables else formula


def called(symbol: str, values: Sequence[str]) -> str:
    """A symbol on its arguments."""
    return f"{symbol}({','.join(values)})" if values else symbol


def applied_to(function: str, values: Sequence[str]) -> str:
    """A function that is a value, applied to values one after the other."""
    for value in values:
        function = f"ap({function},{value})"
    return function
