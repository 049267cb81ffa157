"""Legal Rocq identifiers for the names of a TIP file.

Two different names of one file never share an identifier, and no identifier is a keyword or a name that the generated
text itself refers to, so nothing is captured.
"""

from __future__ import annotations

_SIGNS = {
    "+": "plus",
    "-": "minus",
    "*": "star",
    "/": "slash",
    "=": "eq",
    "<": "lt",
    ">": "gt",
    "!": "bang",
    "?": "query",
    "&": "amp",
    "|": "bar",
    "$": "dollar",
    "%": "percent",
    "^": "hat",
    "~": "tilde",
    "@": "at",
    ".": "dot",
    ":": "colon",
    "#": "hash",
}

KEYWORDS = frozenset(
    {
        *("Axiom", "CoFixpoint", "Definition", "Fixpoint", "Hypothesis", "IF", "Parameter", "Prop", "SProp", "Set"),
        *("Theorem", "Type", "Variable", "as", "at", "by", "cofix", "do", "else", "end", "exists", "exists2", "fix"),
        *("for", "forall", "fun", "if", "in", "lazymatch", "let", "match", "multimatch", "return", "then", "using"),
        *("where", "with"),
    }
)
"""Words that Rocq's grammar takes from identifiers, in terms or in tactics: those of `verifiers.rocq.keywords`."""

REFERRED = frozenset({"bool", "true", "false", "eq", "iff", "and", "or", "not", "ex"})
"""Names of Rocq's initial library that translated text refers to."""

REFERRED_WITH_INTEGERS = frozenset({"Z", "Z0", "Zpos", "Zneg", "positive", "xH", "xO", "xI"})
"""The same for text that uses integers."""


def identifier(symbol: str) -> str:
    """A legal identifier that resembles `symbol`: signs between letters become `_`, other signs are spelled out."""
    parts: list[str] = []
    for position, sign in enumerate(symbol):
        if sign.isascii() and (sign.isalnum() or sign in "_'"):
            parts.append(sign)
        elif sign == "-" and 0 < position < len(symbol) - 1 and symbol[position - 1].isalnum():
            parts.append("_")
        else:
            parts.append(_SIGNS.get(sign, f"u{ord(sign):x}"))
    word = "".join(parts)
    if not word or not (word[0].isalpha() or (word[0] == "_" and len(word) > 1)):
        word = "x" + word
    return word


class Names:
    """Hands out identifiers, each at most once."""

    def __init__(self, taken: frozenset[str]) -> None:
        self._taken = set(taken)

    def fresh(self, symbol: str) -> str:
        """An identifier like `symbol` that was not handed out before."""
        base = identifier(symbol)
        name, count = base, 1
        while name in self._taken:
            count += 1
            name = f"{base}_{count}"
        self._taken.add(name)
        return name

    @property
    def taken(self) -> frozenset[str]:
        return frozenset(self._taken)
