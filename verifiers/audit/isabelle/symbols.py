"""Isabelle's symbols and our characters: a position in the one counted in the other.

`\\<forall>` is one symbol, and so is every other character of a text.
"""

from __future__ import annotations

import re

_SYMBOL = re.compile(r"\\<\^?[A-Za-z][A-Za-z0-9_']*>|.", re.DOTALL)


def offset_of_symbol(text: str, symbol: int) -> int:
    """The offset in characters of the `symbol`-th symbol, counted from 1; the length of the text if there are fewer."""
    for number, found in enumerate(_SYMBOL.finditer(text), start=1):
        if number == symbol:
            return found.start()
    return len(text)
