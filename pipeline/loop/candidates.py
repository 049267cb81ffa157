"""What the library offers for the next step: open requests, lemmas that may be evolved, what each kind of step brought.

The scheduler chooses among these, by what they may be expected to pay. `candidates` runs in the library's process.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from types import MappingProxyType
from typing import NamedTuple

from library_store.reader import LibraryReader

USED_WORTH = 3.0
"""What a lemma on which another proof rests pays, beside the 1 that it paid as a new one."""

CONFIDENCE = 1.0
"""Weight of the confidence bound in the choice of a parent."""

ASSUMED = ("exploration", "goal_surgery")
"""Sources of requests that attempts assume before anybody proves them."""

GROWN = 1.5
"""How many times as many lemmas make a request that failed often worth another try."""


class Record(NamedTuple):
    """What steps of one kind, or from one parent, have brought so far."""

    steps: int = 0
    new: int = 0
    """Lemmas that they added to the library."""
    used: int = 0
    """Those of them on which another proof rests."""
    seconds: float = 0.0
    """CPU seconds, the model's included."""

    @property
    def pay(self) -> float:
        return self.new + USED_WORTH * self.used

    def with_step(self, new: int, used: int, seconds: float) -> Record:
        """The record after one more step."""
        return Record(self.steps + 1, self.new + new, self.used + used, self.seconds + seconds)


class OpenRequest(NamedTuple):
    """An open request: how it came about, how often it was tried, how many open problems ask for it."""

    id: str
    source: str = ""
    tries: int = 0
    asked_by: int = 1


class Parent(NamedTuple):
    """A lemma that may be evolved, and what evolving it brought."""

    id: str
    record: Record = Record()


class Candidates(NamedTuple):
    """What the library offers now: requests and parents, smallest first, and the records of the arms (`arm_of`).

    Beside it how many problems are proved, and how many of these by the language model.
    """

    requests: Sequence[OpenRequest] = ()
    parents: Sequence[Parent] = ()
    arms: Mapping[str, Record] = MappingProxyType({})
    proved: int = 0
    by_model: int = 0


def arm_of(operator: str, source: str = "", *, use_model: bool) -> str:
    """The arm that a step belongs to; `source` is how a request came about."""
    return " ".join(part for part in (operator, source, "by model" if use_model else "") if part)


def candidates(
    library: LibraryReader,
    most_tries: int,
    seconds_per_token: float,
    *,
    alone: bool = False,
    assumed: bool = True,
) -> Candidates:
    """Open requests worth a try and lemmas in use, smallest first, and what each step has brought.

    What stuck goals and explorations asked for is assumed by attempts (`conditional_proof.py`). It is worth a try once
    a proof went through with it and only its own proof was not found.

    Args:
        library: whose `efforts` are the records of all steps of evolution.
        most_tries: steps of evolution at a request after which it waits until `GROWN` times as many lemmas came.
        seconds_per_token: CPU seconds of the language model for one token of output.
        assumed: whether attempts assume requests; if not, all are worth a try.
        alone: whether a request serves nobody but those who asked, so that it goes when these are proved.
    """
    arms: defaultdict[str, Record] = defaultdict(Record)
    parents: defaultdict[str, Record] = defaultdict(Record)
    brought, at_try = 0, dict[str, int]()
    for effort in library.efforts:
        brought += len(effort.harvested)
        at_try[effort.target] = brought
        request = library.requests.get(effort.target)
        source = request.operator if request is not None and not effort.by_model else ""
        arm = arm_of(effort.operator, source, use_model=effort.by_model)
        used = sum(library.is_used(lemma) for lemma in effort.harvested)
        seconds = effort.cpu_seconds + effort.tokens * seconds_per_token
        arms[arm] = arms[arm].with_step(len(effort.harvested), used, seconds)
        if effort.target in library.lemmas:
            parents[effort.target] = parents[effort.target].with_step(len(effort.harvested), used, seconds)

    waiting = [
        request
        for request in library.requests.values()
        if request.status == "open"
        and (request.tries > 0 or request.operator not in ASSUMED or not assumed)
        and (library.attempts_on[request.id] < most_tries or brought >= GROWN * max(1, at_try.get(request.id, 0)))
    ]
    wanted = {one.id: sum(library.problems[name].status == "open" for name in one.asked_by) for one in waiting}
    requests = [one for one in waiting if wanted[one.id] or not alone]
    requests.sort(key=lambda request: (len(request.statement_exact), request.id))
    live = [lemma for lemma in library.lemmas.values() if lemma.retired_by is None]
    live.sort(key=lambda lemma: (len(lemma.statement_exact), lemma.id))
    proved = [state.operator for state in library.problems.values() if state.status == "proved"]
    return Candidates(
        [OpenRequest(one.id, one.operator, one.tries, wanted[one.id]) for one in requests],
        [Parent(lemma.id, parents.get(lemma.id, Record())) for lemma in live],
        dict(arms),
        len(proved),
        proved.count("language_model"),
    )


def drawn_rate(record: Record, prior: Record, draw: float) -> float:
    """A rate of pay per CPU second from its Gamma posterior, at the quantile `draw` (Wilson and Hilferty's formula)."""
    shape, seconds = prior.pay + record.pay, prior.seconds + record.seconds
    spread = 1.0 / (9.0 * shape)
    normal = NormalDist().inv_cdf(min(max(draw, 1e-9), 1.0 - 1e-9))
    return shape * max(0.0, 1.0 - spread + normal * math.sqrt(spread)) ** 3 / seconds


def best_parent(parents: Sequence[Parent]) -> str | None:
    """The parent with the highest upper confidence bound of its pay for a step of average length (Auer et al. 2002).

    The bound of a lemma that is left alone grows without end, so each gets its turn.
    """
    if not parents:
        return None
    steps = sum(one.record.steps for one in parents)
    mean_seconds = sum(one.record.seconds for one in parents) / steps if steps else 0.0

    def bound(one: Parent) -> float:
        record = one.record
        length = record.seconds / mean_seconds if mean_seconds else float(record.steps)
        return (record.pay + 0.5) / (length + 1.0) + CONFIDENCE * math.sqrt(math.log1p(steps) / (record.steps + 1))

    return max(parents, key=bound).id
