"""What differs between Coq 8.16 and Rocq 9: names of commands and libraries, and what the kernel's tools print.

Everything else in this room is the same for all of them. Only 8.16 can be run in this project's own checks; what is
said here of later versions follows their documentation and change logs (docs/trust.md).

Invariant: a report that is not understood is never read as a good one.

Layer: axioms and coqchk.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from domain import OutsideError
from verifiers.audit.refusals import Unreadable

_SAFE_FLAGS = ("check_guarded: true", "check_positive: true", "check_universes: true", "definitional uip: false")
"""Lines of `Print Typing Flags` that must be there."""

_UNSAFE = (
    "Constants/Inductives relying on type-in-type",
    "Constants/Inductives relying on unsafe (co)fixpoints",
    "Inductives whose positivity is assumed",
)
"""Entries of the checker's summary that must be empty."""

_THEORY = frozenset({"Set is predicative", "Rewrite rules are not allowed"})
"""What the summary may say of the theory; the second since Coq 8.20."""

_ASSUMED = re.compile(r"([\w'.]+)(?: :.*)?$")

_ROOTS = {"Corelib": "Coq", "Stdlib": "Coq"}
"""Names by which Rocq 9 calls the standard library; `Coq` stays understood there."""


_NEW_NAMES = {
    "coqc": ("rocq", "compile"),
    "coqchk": ("rocqchk",),
    "coqidetop.opt": ("coqidetop",),
}
"""Commands of Rocq 9 where the old name is not installed; the interaction process keeps its name and its protocol."""


@cache
def program(name: str) -> tuple[str, ...]:
    """The command called `name` in Coq 8.16, as it is installed here; its old name if there is none at all."""
    new = _NEW_NAMES.get(name)
    if new is not None and shutil.which(name) is None and shutil.which(new[0]) is not None:
        return new
    return (name,)


def installed_version() -> str:
    """The version of the Rocq that is installed, like `8.16.1`. Raises `OutsideError` when there is none."""
    compiler, interaction = program("coqc"), program("coqidetop.opt")
    if shutil.which(compiler[0]) is None or shutil.which(interaction[0]) is None:
        raise OutsideError("Rocq is missing (coqc and coqidetop.opt): apt-get install coq libcoq-stdlib")
    said = subprocess.run([*compiler, "--print-version"], capture_output=True, text=True, check=False, timeout=60)
    if said.returncode != 0 or not said.stdout.split():
        raise OutsideError(f"`coqc --print-version` fails: {said.stderr.strip() or said.stdout.strip()}")
    return said.stdout.split()[0]


def classical_name(path: str) -> str:
    """The path of a module or an axiom as Coq 8.16 has it: Rocq 9's libraries are called `Stdlib` and `Corelib`."""
    root, dot, rest = path.partition(".")
    return f"{_ROOTS.get(root, root)}{dot}{rest}"


def has_safe_flags(said: str) -> bool:
    """Whether `Print Typing Flags` shows that no check of the kernel is switched off."""
    return set(_SAFE_FLAGS) <= set(said.splitlines())


def assumptions(said: str) -> tuple[str, ...]:
    """The axioms that `Print Assumptions` lists, as printed. Raises `Unreadable` on anything else that it says."""
    lines = [line for line in said.splitlines() if line and not line[0].isspace()]
    if lines == ["Closed under the global context"]:
        return ()
    if not lines or lines[0] != "Axioms:":
        raise Unreadable(said.strip())
    names: list[str] = []
    for line in lines[1:]:
        found = _ASSUMED.match(line)
        if found is None:
            raise Unreadable(line)
        names.append(found.group(1))
    return tuple(names)


class Context(NamedTuple):
    """The checker's summary of what it did not check: all axioms in sight, by their full names."""

    axioms: frozenset[str]


def checked_context(output: str) -> Context:
    """The context summary of `coqchk -o`. Raises `Unreadable` if there is none, or if it shows anything unsafe."""
    summary = output.partition("CONTEXT SUMMARY")[2]
    if not summary:
        raise Unreadable(f"coqchk refuses the proof: {output.strip()[-500:]}")
    entries = _entries(summary.splitlines())
    theory = entries.get("Theory", [])
    if "Set is predicative" not in theory or not _THEORY.issuperset(theory):
        raise Unreadable(f"coqchk: theory {theory}")
    for title in _UNSAFE:
        if entries.get(title) != ["<none>"]:
            raise Unreadable(f"coqchk: {title}: {entries.get(title)}")
    if "Axioms" not in entries:
        raise Unreadable("coqchk lists no axioms, not even none")
    return Context(frozenset(entries["Axioms"]) - {"<none>"})


def _entries(lines: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    entry = ""
    for line in lines:
        if line.startswith("* "):
            entry, _, value = line[2:].partition(":")
            found.setdefault(entry, []).extend([value.strip()] if value.strip() else [])
        elif line.startswith("  ") and line.strip():
            found.setdefault(entry, []).append(line.strip())
    return found
