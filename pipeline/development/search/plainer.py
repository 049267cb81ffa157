"""A closing tactic said as a person would say it: hypotheses by name, rewriting steps one by one, one ending.

What a search tries first has alternatives inside, so that one question to the prover covers many. Once such a tactic
has closed a goal, the forms here are tried in its place, and the first that closes the goal too is written.

Invariant: what takes a tactic's place was seen to close the goal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

from pipeline.development.search.steps import Step

MOST_RULES = 3
"""Rewriting rules of which all orders are tried."""

MOST_ROUNDS = 4
"""Each round makes one of the changes."""

_ANY_FACT = re.compile(r"match goal with H : _ \|- _ => solve \[(.*)\] end")
_REWRITING = re.compile(r"do 8 try \((?:first \[)?(rewrite .*?)\]?(?:; simpl; auto)?\); (.*)")
_ALTERNATIVES = re.compile(r"solve \[([^\[\]]* \| [^\[\]]*)\]")
_INTUITION = re.compile(r"(?:simpl in \*; )?intuition \((.*)\)")


def plainer(tactic: str, facts: Sequence[str], closes: Callable[[str], bool]) -> str:
    """The plainest form of a closing tactic that closes the goal too. `facts` are names of hypotheses."""
    for _ in range(MOST_ROUNDS):
        better = next((form for form in _forms(tactic, facts) if closes(form)), None)
        if better is None:
            return tactic
        tactic = better
    return tactic


def in_one(step: Step, closes: Callable[[str], bool]) -> Step:
    """A step with the proofs of its goals as one tactic, if all are proved in one way, or many of them in two ways."""
    chains = [_chain(one) for one in step.then]
    ways = sorted({chain for chain in chains if chain is not None}, key=len)
    if None in chains or len(ways) > (2 if len(chains) > 2 else 1):
        return step
    tried = [f"try {f'({one})' if ';' in one else one}; " for one in ways]
    ends = zip(reversed(tried), ways, strict=True) if len(ways) == 2 else [("", ways[0])]
    forms = [f"{step.tactic}; {first}{last}" for first, last in reversed(list(ends))]
    return next((Step(form) for form in forms if closes(form)), step)


def fewest(tactic: str, same: Callable[[str], bool]) -> str:
    """`unfold a, b in *` or `rewrite ?a, ?b in *` without what changes nothing."""
    verb, _, rest = tactic.partition(" ")
    names = rest.removesuffix(" in *").split(", ")
    for name in list(names):
        shorter = [one for one in names if one != name]
        if shorter and same(f"{verb} {', '.join(shorter)} in *"):
            names = shorter
    every, said = ", ".join(names), ", ".join(name.removeprefix("?") for name in names)
    forms = (f"{verb} {said}", f"{verb} {every}", f"{verb} {said} in *")
    return next(filter(same, forms), f"{verb} {every} in *")


def without_idle(step: Step, works: Callable[[Step], bool]) -> Step:
    """A proof without those of its tactics that leave one goal and without which it works too."""
    at = 0
    while at < len(step):
        shorter = _dropped(step, at)
        if shorter is not None and works(shorter):
            step = shorter
        else:
            at += 1
    return step


def _dropped(step: Step, at: int) -> Step | None:
    """A proof without the tactic of this number, counted from the root, if that leaves one goal."""
    if at == 0:
        return step.then[0] if len(step.then) == 1 else None
    at -= 1
    for number, child in enumerate(step.then):
        if at < len(child):
            rest = _dropped(child, at)
            return rest and Step(step.tactic, (*step.then[:number], rest, *step.then[number + 1 :]))
        at -= len(child)
    return None


def _chain(step: Step) -> str | None:
    """A proof in which every tactic but the last leaves one goal, as one tactic."""
    if not step.then:
        return step.tactic
    rest = _chain(step.then[0]) if len(step.then) == 1 else None
    return f"{step.tactic}; {rest}" if rest is not None else None


def _forms(tactic: str, facts: Sequence[str]) -> Iterator[str]:
    if (found := _ANY_FACT.fullmatch(tactic)) is not None:
        yield from (re.sub(r"\bH\b", name, found[1]) for name in facts)
    if (found := _REWRITING.fullmatch(tactic)) is not None:
        yield from _rewriting(found[1].split(" | "), found[2])
    if (found := _INTUITION.fullmatch(tactic)) is not None:
        yield from ("tauto", "intuition", "intuition auto", "intuition congruence", "intuition eauto")
    if (found := _ALTERNATIVES.search(tactic)) is not None:
        before, behind = tactic[: found.start()], tactic[found.end() :]
        yield from (f"{before}{one}{behind}" for one in found[1].split(" | "))
    if (found := re.fullmatch(r"(.* )\((\w+)\)", tactic)) is not None:
        yield found[1] + found[2]
    pieces = tactic.split("; ")
    if len(pieces) > 1 and not re.search(r"[\[\](]", tactic):
        yield from ("; ".join([*pieces[:at], *pieces[at + 1 :]]) for at in range(len(pieces)))


def _rewriting(rules: Sequence[str], end: str) -> Iterator[str]:
    """The rules in all orders, once or as often as they apply, before an ending."""
    ends = _endings(end)
    if len(rules) > MOST_RULES:
        return
    names = [rule.removeprefix("rewrite ") for rule in rules]
    if any(" by " in name for name in names):
        return
    for order in permutations(names):
        for chain in (", ".join(order), ", ".join(_often(name) for name in order)):
            yield f"now rewrite {chain}"
            yield from (f"rewrite {chain}; {one}" for one in (*ends, f"simpl; {end}"))
            yield from (f"simpl; rewrite {chain}; {one}" for one in ends)
        if len(order) > 1:
            steps = "; simpl; ".join(f"rewrite {name}" for name in order)
            yield from (f"{steps}; {one}" for one in (*ends, f"simpl; {end}"))


def _often(name: str) -> str:
    return f"<- !{name.removeprefix('<- ')}" if name.startswith("<- ") else f"!{name}"


def _endings(end: str) -> list[str]:
    found = _ALTERNATIVES.fullmatch(end)
    return found[1].split(" | ") if found is not None else [end]
