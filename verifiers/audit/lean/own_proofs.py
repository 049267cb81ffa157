"""The proofs of a user's own Lean file: what may be put in the place of one, and what that takes away.

Invariant: what is taken away is the proof of one theorem, and what is put there is one term that declares nothing.

Layer: own developments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from verifiers.audit.lean.headers import BLOCKS, commands
from verifiers.audit.lean.lint import refuse
from verifiers.audit.lean.scan import scan
from verifiers.audit.lean.source import is_one_term

_BESIDE = {
    **dict.fromkeys(("where", "coinductive"), "declares more than the theorem"),
    **dict.fromkeys(("termination_by", "decreasing_by", "with_weak_namespace"), "is about a declaration, not a proof"),
}
"""Words that no proof has here, and why: beside the theorem, or for what follows, something would be declared."""


class Spot(NamedTuple):
    """A theorem's full name, where in the file its command begins, and where its proof stands, its `:=` included."""

    name: str
    start: int
    begin: int
    end: int


def old_proof(text: str, spot: Spot) -> str | None:
    """Why what stands at a spot is not told from what may stand behind it, or None where it is one proof.

    What Lean reads as a command of its own, in a line that begins no further right than the theorem does, must not go.
    """
    old = text[spot.begin : spot.end]
    if not is_one_term(old) or any(token.text == "where" for token in scan(old).tokens):
        return "what stands behind its proof is not told from it: begin each command on a line of its own"
    line = text[text.rfind("\n", 0, spot.start) + 1 :]
    column = len(line) - len(line.lstrip(" \t"))
    for one in old.split("\n")[1:]:
        said = one.lstrip(" \t\r")
        if said and not said.startswith(("--", "|")) and len(one) - len(said) <= column:
            return "a line of its proof begins no further right than the theorem: indent it"
    return None


def hidden_block(text: str) -> int | None:
    """Where a block begins or ends that no command of its own does, by which names would be misread."""
    words = {*BLOCKS, "mutual", "end"}
    for command in commands(text, nested=True):
        found = [token.start for token in scan(command.text).tokens if token.text in words]
        if len(found) > (command.word in words):
            return command.start + found[-1]
    return None


def unfit(proof: str) -> str | None:
    """Why a text is no proof that can be put into a file, or None."""
    return refuse(proof) or _beside(proof) or (None if is_one_term(proof) else "more than one term")


def _beside(proof: str) -> str | None:
    """What in a text declares something beside its theorem, or would belong to what follows in the file, or None."""
    tokens = scan(proof).tokens
    for token, following in zip_longest(tokens, tokens[1:]):
        if token.text in _BESIDE:
            return f"`{token.text}`, which {_BESIDE[token.text]}"
        if following is not None and (token.text, following.text) == ("let", "rec"):
            return "`let rec`, which declares more than the theorem"
        if following is not None and (token.text, following.text) == ("@", "["):
            return "an attribute"
    return None


def filled(text: str, spots: Sequence[Spot], chosen: Mapping[str, str]) -> tuple[str, dict[str, tuple[int, int]]]:
    """A file with proofs in it, and where their theorems stand in it."""
    places: dict[str, tuple[int, int]] = {}
    more = 0
    for spot in sorted(spots, key=lambda spot: spot.begin):
        if spot.name in chosen:
            new = chosen[spot.name]
            text = f"{text[: spot.begin + more]}{new}{text[spot.end + more :]}"
            places[spot.name] = spot.start + more, spot.begin + more + len(new)
            more += len(new) - (spot.end - spot.begin)
    return text, places
