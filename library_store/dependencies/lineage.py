"""Where lemmas come from: the evolution forest.

A lemma stands under the lemma that it was evolved from. One without such a parent is a root: it was asked for by a
proof of some problem, conjectured from the definitions, given by the user, or harvested from an attempt. A conjecture
that was proved is the lemma itself here, since both are one statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from library_store.schema import Row
from library_store.tables import Tables


class Sprout(NamedTuple):
    """A lemma in the forest."""

    id: str
    name: str
    statement: str
    operator: str
    round: int
    origin: str
    """Of a root: where it comes from, in words; otherwise empty."""
    retired: bool = False


class Branch(NamedTuple):
    """A lemma in a tree, `depth` steps of evolution below the root or the lemma that was asked for."""

    depth: int
    sprout: Sprout


@dataclass(frozen=True)
class Forest:
    """All lemmas of a run in order of admission, and which was evolved from which."""

    sprouts: Mapping[str, Sprout]
    parents: Mapping[str, Sequence[str]]
    """Lemma → lemmas that it was evolved from; () for a root."""

    @cached_property
    def children(self) -> Mapping[str, Sequence[str]]:
        """Lemma → lemmas that were evolved from it, the first of several parents counting."""
        found: dict[str, list[str]] = {one: [] for one in self.sprouts}
        for one, parents in self.parents.items():
            if parents:
                found[parents[0]].append(one)
        return found

    @cached_property
    def roots(self) -> Sequence[str]:
        return [one for one, parents in self.parents.items() if not parents]

    def below(self, identity: str) -> Iterator[Branch]:
        """A lemma and all that evolved from it, each after its parent."""
        waiting = [(identity, 0)]
        while waiting:
            one, depth = waiting.pop()
            yield Branch(depth, self.sprouts[one])
            waiting += [(child, depth + 1) for child in reversed(self.children[one])]

    def above(self, identity: str) -> list[Sprout]:
        """The lemmas that it goes back to, the root first, without itself."""
        found: list[Sprout] = []
        while parents := self.parents[identity]:
            identity = parents[0]
            found.append(self.sprouts[identity])
        return found[::-1]

    def told(self, identity: str) -> list[str]:
        """The lineage of a lemma, a line for each: how it came about, what it goes back to, what was made of it."""
        one, above = self.sprouts[identity], self.above(identity)
        origin = (above[0] if above else one).origin
        lines = [f"by {one.operator} in round {one.round}"]
        lines += [f"evolved from {old.name}, by {old.operator} in round {old.round}" for old in reversed(above)]
        lines += [origin] if origin else []
        later = [(depth, new) for depth, new in self.below(identity) if depth]
        return lines + [f"{'  ' * (depth - 1)}evolved into {new.name}, by {new.operator}" for depth, new in later]


def forest(tables: Tables) -> Forest:
    """The forest of a run as of the round of its tables."""
    requests = {row["id"]: row for row in tables.each("requests")}
    sprouts: dict[str, Sprout] = {}
    parents: dict[str, tuple[str, ...]] = {}
    for row in tables.each("lemmas"):
        identity = row["id"]
        parents[identity] = tuple(one for one in row["parents"] if one in sprouts)  # it came later than they did
        origin = "" if parents[identity] else _origin(row, requests)
        sprouts[identity] = Sprout(
            identity, row["name"], row["statement"], row["operator"], row["born"], origin, row["retired_by"] is not None
        )
    return Forest(sprouts, parents)


def _origin(row: Row, requests: Mapping[str, Row]) -> str:
    request = next((requests[one] for one in (*row["parents"], row["id"]) if one in requests), None)
    if request is None:
        return {"given": "given by the user", "problem": "found at a problem"}.get(row["origin_kind"], "found alone")
    born = f"in round {request['born']}"
    if request["origin_kind"] == "definitions":
        return f"conjectured from the definitions {born}"
    names = list[str](request["asked_by"])
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"asked for {born} by a proof of {names[0]}{more}" if names else f"asked for {born}"
