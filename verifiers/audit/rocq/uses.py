"""What a compiled candidate's proof term holds, and how its constants are printed: asked of the prover.

Invariant (design, invariant 8): uses are read from the kernel's own terms (dpdgraph's `SearchDepend`), never from a
text.

Layer: uses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from verifiers.audit.rocq.processes import WIDE, Work, answers
from verifiers.audit.rocq.recursion import SHOW

_CONSTANT = re.compile(r"([\w'.]+)\(\d+\)")
_TEXT = "Text."


def lemmas_used(name: str, names: Sequence[str], lemmas: frozenset[str], work: Work) -> tuple[str, ...]:
    """The lemmas in the proof term of `name`, through the text's other constants but not through lemmas.

    A text that comes without library lemmas, but has some written into it, is asked for those.
    """
    constants: dict[str, set[str]] = {}
    found: set[str] = set()
    asked = list(dict.fromkeys([name, *names]))
    while asked:
        constants |= _constants(asked, work)
        found.clear()
        own, frontier = {name}, [name]
        while frontier:
            for constant in constants.get(frontier.pop(), set()):
                short = constant.removeprefix(_TEXT)
                if short in lemmas - own:
                    found.add(short)
                elif short != constant and short not in own:
                    own.add(short)
                    frontier.append(short)
        asked = sorted(own - constants.keys())
    return tuple(sorted(found))


def _constants(names: Sequence[str], work: Work) -> dict[str, set[str]]:
    """For each name of the text, the constants in its type and body; those of the text begin with `_TEXT`."""
    begin = ["From dpdgraph Require dpdgraph.", WIDE]
    commands = {name: f"SearchDepend {work.candidate}.Text.{name}." for name in names}
    said = answers(begin, commands, work, "the uses of the proof term (is libcoq-dpdgraph installed?)")
    return {
        name: {constant.removeprefix(f"{work.candidate}.") for constant in _CONSTANT.findall(listed)}
        for name, listed in said.items()
    }


def printed(names: Sequence[str], work: Work) -> dict[str, str]:
    """For each name of the text, how it is printed in full."""
    commands = {name: f"Print {work.candidate}.Text.{name}." for name in names}
    return answers([WIDE, SHOW], commands, work, "the recursion of the proof term")
