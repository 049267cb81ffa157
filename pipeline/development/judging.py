"""What counts: the whole patched file, compiled by bare `coqc` as the project has it, and what each proof rests on.

Invariant: a filling is made of tactics alone; a hole is called `proved` only if the compiled file holds its proof, and
the prover's `Print Assumptions`, asked in another process that only requires the compiled file, names no axiom but
allowed ones, and nothing that the project left without a proof.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from domain import UserError
from pipeline.development.document import Document, Filling, Hole
from pipeline.development.project import Copy, Refused
from verifiers.audit.refusals import Unreadable
from verifiers.audit.rocq.layers import ALLOWED_AXIOMS
from verifiers.audit.rocq.lint import refuse, refuse_block
from verifiers.audit.rocq.recursion import may_recur
from verifiers.audit.rocq.version import SAFE_FLAGS, assumptions, classical_name

_LONGER_NAME = re.compile(r"(?<![^\s(@.])(?!(?:(?:co)?fix|(?:Co)?Fixpoint)(?![A-Za-z0-9_']))[A-Za-z][A-Za-z0-9_']*")
"""A name in plain sight, in which `fix` means nothing (`prefix_refl`)."""


class Judgement(NamedTuple):
    """What one hole's proof rests on; `refused` says why it does not count, if so."""

    axioms: tuple[str, ...] = ()
    holes: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The fillings that the whole file compiles with and what they rest on, and why others had to be taken out."""

    fillings: Mapping[str, Filling]
    dropped: Mapping[str, str]
    judgements: Mapping[str, Judgement]


def judge(
    copy: Copy, file: Path, document: Document, fillings: Mapping[str, Filling], holes: Container[str]
) -> Compiled:
    """Compiles the file with as many of the fillings as go together, and judges each.

    Args:
        copy: of the project.
        file: of the project; what it needs has been compiled.
        document: the file before it is filled.
        fillings: by the qualified names of holes.
        holes: full names (`Library.File.name`) of what the project left without a proof, filled or not.

    Raises:
        UserError: the file does not compile without any of them.
    """
    dropped = {name: why for name, filling in fillings.items() if (why := refusal(filling))}
    kept = {name: filling for name, filling in fillings.items() if name not in dropped}
    while (refused := copy.compile(file, document.filled(kept).text)) is not None:
        if not kept:
            place = f"{file.name}, line {refused.line}" if refused.line else file.name
            raise UserError(f"{place}: it does not compile before anything is filled: {refused.message}")
        culprit = _culprit(document, kept, refused)
        if culprit is None:
            culprit = _by_halves(copy, file, document, kept)
        dropped[culprit] = f"with this proof the whole file does not compile: {refused.message}"
        del kept[culprit]
    module = copy.project.module(file)
    return Compiled(
        kept, dropped, assumed(copy, module, [hole for hole in document.holes if hole.qualified in kept], holes)
    )


def refusal(filling: Filling) -> str | None:
    """Why the text of a filling is refused before any prover sees it, or None: it may only be made of tactics."""
    lints = (refuse_block(filling.block), *map(refuse, filling.lemmas))
    why = next((said for said in lints if said), None)
    if why is not None:
        return f"not allowed: {why}"
    if may_recur([_LONGER_NAME.sub(_without_fix, text) for text in (filling.block, *filling.lemmas)], ""):
        return "not allowed: a fixpoint in a proof (the kernel's condition on recursion has holes)"
    return None


def _without_fix(name: re.Match[str]) -> str:
    return re.sub("[Ff]ix", "", name[0])


def _culprit(document: Document, fillings: Mapping[str, Filling], refused: Refused) -> str | None:
    """The hole whose new text holds the line that was refused."""
    filled = document.filled(fillings)
    for proof in filled.proofs:
        filling = fillings.get(proof.qualified)
        if filling is None:
            continue
        above = sum(lemma.strip().count("\n") + 2 for lemma in filling.lemmas)
        if proof.line - above <= refused.line <= filled.line_of(proof.end):
            return proof.qualified
    return None


def _by_halves(copy: Copy, file: Path, document: Document, fillings: Mapping[str, Filling]) -> str:
    """The first filling, in the file's order, with which what comes before it no longer compiles."""
    names = [hole.qualified for hole in document.holes if hole.qualified in fillings]
    good, bad = 0, len(names)
    while bad - good > 1:
        middle = (good + bad) // 2
        part = {name: fillings[name] for name in names[:middle]}
        if copy.compile(file, document.filled(part).text) is None:
            good = middle
        else:
            bad = middle
    return names[bad - 1]


def assumed(copy: Copy, module: str, proved: Sequence[Hole], holes: Container[str]) -> dict[str, Judgement]:
    """What each of these statements of a compiled module rests on."""
    if not proved:
        return {}
    mark = secrets.token_hex(16)
    lines = [f"Require {module}.", "Set Printing Width 100000.", "Print Typing Flags."]
    for number, hole in enumerate(proved):
        lines += [f'Goal True. idtac "{mark} {number}". Abort.', f"Print Assumptions {module}.{hole.qualified}."]
    finished = copy.ask("\n".join([*lines, ""]))
    flags, *answers = finished.output.split(f"{mark} ")
    if not finished.ok or not all(line in flags for line in SAFE_FLAGS):
        why = (
            finished.output.strip()[-300:]
            if not finished.ok
            else "requiring the file switches off checks of the kernel"
        )
        return {hole.qualified: Judgement(refused=why) for hole in proved}
    said = {int(number): text for number, _, text in (answer.partition("\n") for answer in answers)}
    names: dict[str, list[str]] = {}
    judged: dict[str, Judgement] = {}
    for number, hole in enumerate(proved):
        try:
            names[hole.qualified] = list(assumptions(said.get(number, "")))
        except Unreadable as error:
            judged[hole.qualified] = Judgement(refused=f"what it rests on is not understood: {error}")
    full = _full_names(copy, module, sorted({name for found in names.values() for name in found}))
    for name, found in names.items():
        lost = [one for one in found if one not in full]
        if lost:
            judged[name] = Judgement(refused=f"it rests on {lost[0]}, and the prover does not say what that is")
            continue
        resolved = [full[one] for one in found]
        others = tuple(sorted(one for one in resolved if one in holes))
        axioms = tuple(sorted(classical_name(one) for one in resolved if one not in holes))
        foreign = [one for one in axioms if one.startswith("Coq.") and one not in ALLOWED_AXIOMS]
        why = f"it rests on the axiom {foreign[0]}, which is not allowed" if foreign else ""
        judged[name] = Judgement(axioms, others, why)
    return judged


def _full_names(copy: Copy, module: str, names: Sequence[str]) -> dict[str, str]:
    """Names as printed → full names; those of which the prover does not say it are left out."""
    if not names:
        return {}
    mark = secrets.token_hex(16)
    lines = [f"Require {module}.", "Set Printing Width 100000."]
    for number, name in enumerate(names):  # `Locate` reads names like `Term.x` as words of its own
        lines += [f'Goal True. idtac "{mark} {number}". Abort.', f"About {name}."]
    finished = copy.ask("\n".join([*lines, ""]))
    found: dict[str, str] = {}
    for answer in finished.output.split(f"{mark} ")[1:]:
        number, _, said = answer.partition("\n")
        told = re.findall(r"^Expands to: Constant (\S+)$", said, re.MULTILINE)
        if told:
            found[names[int(number)]] = told[-1]
    return found
