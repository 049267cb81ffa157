"""A proof that was found as its reader would write it: of alternatives the one that does it, in the author's names.

Invariant: every change is kept only where Lean still takes the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_ALTERNATIVES = re.compile(r"^(?P<indent> *)first\n(?P<all>(?:(?P=indent)\| .*(?:\n|$))+)", re.MULTILINE)
_FOCUS = re.compile(r"focus \((?P<tactic>.*); done\)")
_SIMP = re.compile(r"\bsimp(?:_all)?(?: only)? \[(?P<names>[\w.'«»*←, ]+)\]")
_CHANGE = re.compile(r"(?<= by\n)((?:  revert .*\n)?)  change .*\n")
_NAMED = re.compile(r"(?<= by\n)  revert (?P<own>.*)\n  intro (?P<ours>.*)\n")
_INTROS = re.compile(r"(?<= by\n)(?:  revert .*\n)?  intros\n")


def plainer(text: str, works: Callable[[str], bool], begun: str = "") -> str:
    """The text with what can be plainer; `works` says whether Lean takes one.

    Simplifications and alternatives of `begun`, the part that the author wrote, are left as they are.
    """
    for change in (_without_change, _own_names, _without_intros, _without_revert):
        changed = change(text)
        if changed != text and works(changed):
            text = changed
    at = 0
    while (found := _ALTERNATIVES.search(text, at)) or (found := _FOCUS.search(text, at)):
        own = found.group().strip() in begun
        chosen = text if own else next((one for one in _choices(text, found) if works(one)), text)
        at = found.start() + 1 if chosen != text else found.end()
        text = chosen
    short = re.sub(r"\beq_refl\b", "rfl", text)
    return _without_idle_names(short if short != text and works(short) else text, works, begun)


def _without_idle_names(text: str, works: Callable[[str], bool], begun: str) -> str:
    """The text without those names in lists of simplification that it does not need."""
    for number in range(len(_SIMP.findall(text))):
        found = list(_SIMP.finditer(text))[number]
        if found.group() in begun:
            continue
        names, start = found["names"].split(", "), found.start("names")
        for name in reversed(names):
            kept = [one for one in names if one != name]
            shorter = f"{text[:start]}{', '.join(kept)}{text[start + len(', '.join(names)) :]}"
            if kept and works(shorter):
                text, names = shorter, kept
    return text


def _without_change(text: str) -> str:
    return _CHANGE.sub(r"\1", text, count=1)


def _own_names(text: str) -> str:
    """The variables by the names of the statement, where all that it binds are introduced."""
    found = _NAMED.search(text)
    if found is None:
        return text
    own, ours = found["own"].split(), found["ours"].split()
    names = dict(zip(ours, own, strict=False))
    kept = ours[len(own) :]
    rest = re.sub(r"[\w.'«»]+", lambda word: names.get(word.group(), word.group()), text[found.end() :])
    more = f"  intro {' '.join(kept)}\n" if kept else ""
    return f"{text[: found.start()]}{more}{rest}" if len(ours) >= len(own) else text


def _without_intros(text: str) -> str:
    return _INTROS.sub("", text, count=1)


def _without_revert(text: str) -> str:
    return _INTROS.sub("  intros\n", text, count=1)


def _choices(text: str, found: re.Match[str]) -> Iterator[str]:
    """The text with one of the alternatives in their place, shortest reading first."""
    before, after = text[: found.start()], text[found.end() :]
    if "tactic" in found.groupdict():
        yield f"{before}{found['tactic']}{after}"
        return
    end = "\n" if found["all"].endswith("\n") else ""
    for line in found["all"].splitlines():
        alternative = line.strip().removeprefix("| ")
        tactic = re.sub(r"\A\((.*?)(?:; done)?\)\Z", r"\1", alternative)
        yield f"{before}{found['indent']}{tactic}{end}{after}"
