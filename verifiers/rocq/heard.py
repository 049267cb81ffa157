"""What a search said of itself (`told`), read as the tree of the steps that closed its goals, and written as a proof.

A goal's last step is the one that closed it. Cases stand behind bullets, and what a split introduces has a name there.

Invariant: nothing here accepts a proof; what is not understood gives none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from verifiers.rocq.told import closing

HERE = "<search>"
"""Stands for the search in a beginning."""

_BULLETS = ("-", "+", "*", "--", "++", "**", "---", "+++", "***")
_SAID = re.compile(r"([GHTAB]) ([^:]*):(.*)", re.DOTALL)
_ONE_REWRITE = re.compile(r"rewrite (?:(?:<- )?(?:\w+|\([\w ()@]+\))(?:, )?)+\.")
_INTRODUCES = re.compile(r"(?:injection (.*); clear \1; )?intros?")
_SPLIT = re.compile(r"destruct (.*?)( eqn:(\w+))?")


@dataclass
class _Goal:
    """A goal: its hypotheses from the last to the first, the step that was taken there, and the goals that it left."""

    hypotheses: list[str] = field(default_factory=list[str])
    step: str = ""
    left: list[_Goal] = field(default_factory=list["_Goal"])


def plain(beginning: str, said: Iterable[str]) -> str:
    """The proof by the steps that a search took behind a beginning; empty where they are not understood."""
    leaves = _heard(said)
    if not leaves or not all(map(_is_closed, leaves)):
        return ""
    sentences = [one.strip() for one in beginning.removesuffix(".").replace(f"; {HERE}", "").split(".\n")]
    lines = [f"{one.replace(HERE, 'idtac')}." for one in sentences if one not in ("", HERE)]
    if len(leaves) == 1:
        return "\n".join([*lines, *_written(leaves[0], 0)])
    steps = {_one_line(leaf) for leaf in leaves}
    if len(steps) == 1 and (same := steps.pop()) is not None and lines:
        return "\n".join([*lines[:-1], f"{lines[-1][:-1]}; {same}."])
    return "\n".join([*lines, *_bulleted(leaves, 0)])


def _heard(said: Iterable[str]) -> list[_Goal]:
    """The goals at which the search began."""
    top = _Goal()
    path = [top]
    for one in said:
        found = _SAID.fullmatch(one.strip())
        if found is None:
            continue
        depth = int(found[2]) if found[2].strip().isdigit() else len(re.findall(r"\bS\b", found[2]))
        if len(path) < depth + (1 if found[1] in "GB" else 2):
            return []
        if found[1] == "B":
            path[depth].left.pop()
            del path[depth + 1 :]
            continue
        if found[1] == "G":
            del path[depth + 1 :]
            path[-1].left.append(_Goal())
            path.append(path[-1].left[-1])
            continue
        del path[depth + 2 :]
        goal = path[-1]
        if found[1] == "H":
            goal.hypotheses.append(found[3].strip())
        else:
            before = f"{goal.step}; " if found[1] == "A" and goal.step else ""
            goal.step, goal.left = before + _tidied(found[3]), []
    return top.left


def _named(goal: _Goal) -> str:
    """The step of a goal with names for what it introduces: those that Rocq chooses depend on what a file defines."""
    introduced = _INTRODUCES.fullmatch(goal.step)
    if introduced is not None and len(goal.left) == 1:
        had = {*goal.hypotheses} - {introduced[1]}
        return " ".join([goal.step, *(one for one in reversed(goal.left[0].hypotheses) if one not in had)])
    split = _SPLIT.fullmatch(goal.step)
    if split is None or not goal.left:
        return goal.step
    gone = "" if split[2] else split[1]
    known = {*goal.hypotheses, split[3]}
    fields = [
        " ".join(one for one in reversed(child.hypotheses) if one not in known or one == gone) for child in goal.left
    ]
    return f"destruct {split[1]} as [{'|'.join(fields)}]{split[2] or ''}" if any(fields) else goal.step


def _tidied(step: str) -> str:
    """A step as it is written: white space as usual, and no parentheses around a word."""
    step = " ".join(step.split()).replace(" ;", ";").replace("eqn: ", "eqn:")
    step = re.sub(r"\( (?=\S)", "(", re.sub(r"(?<=\S) \)", ")", step))
    step = re.sub(r"\((\w+)\)", r"\1", step)
    at = step.find("((")
    while at >= 0:
        end = closing(step, at)
        if closing(step, at + 1) == end - 1:
            step = step[:at] + step[at + 1 : end - 1] + step[end:]
        at = step.find("((", at + 1)
    return step


def _is_closed(goal: _Goal) -> bool:
    return bool(goal.step) and all(map(_is_closed, goal.left))


def _one_line(goal: _Goal) -> str | None:
    """The steps of a goal as one, where none of them leaves two goals."""
    steps = [_named(goal)]
    while goal.left:
        if len(goal.left) > 1:
            return None
        goal = goal.left[0]
        steps.append(_named(goal))
    return "; ".join(steps)


def _written(goal: _Goal, level: int) -> list[str]:
    """The sentences that close a goal."""
    lines: list[str] = []
    while True:
        same = {_one_line(one) for one in goal.left}
        if len(goal.left) > 1 and len(same) == 1 and (one := same.pop()) is not None:
            return [*lines, f"{_named(goal)}; {one}."]
        lines += _sentences(lines, _named(goal))
        if len(goal.left) != 1:
            return [*lines, *_bulleted(goal.left, level)] if goal.left else lines
        goal = goal.left[0]


def _sentences(before: list[str], step: str) -> list[str]:
    """A step behind others as sentences; what it makes idle or goes together with is taken from their end."""
    if before and before[-1] == "simpl." and step == "simpl in *":
        before.pop()
    if before and _ONE_REWRITE.fullmatch(f"{step}.") and _ONE_REWRITE.fullmatch(before[-1]):
        return [f"{before.pop()[:-1]}, {step.removeprefix('rewrite ')}."]
    return [f"{one}." for one in step.split("; ")]


def _bulleted(goals: Sequence[_Goal], level: int) -> list[str]:
    lines: list[str] = []
    bullet = _BULLETS[level % len(_BULLETS)]
    for goal in goals:
        first, *rest = _written(goal, level + 1)
        lines += [f"{bullet} {first}", *(f"{' ' * (len(bullet) + 1)}{line}" for line in rest)]
    return lines
