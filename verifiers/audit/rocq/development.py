"""The judge of a user's own development: does the patched file prove what it left without a proof, and from what?

Each proof that is offered, with its auxiliary lemmas, is looked at and put where the hole is (`filling`). The whole
file is compiled by bare `coqc`, with the options that the project has. Then another process, which only requires the
compiled file, says what each of the new proofs rests on.

Invariant: nothing of the file changes but the proofs of holes and what is put above their statements. A proof is called
`proved` only if the compiled file holds it, typing flags are the default ones, and `Print Assumptions` names no axiom
of the standard library but allowed ones, and nothing that the project left without a proof. (Axioms that the project
itself states are its author's, and are told.) The file's own statements are the user's: they are frozen by being left
as they stand.

Layer: own developments.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from verifiers.audit import scratch
from verifiers.audit.refusals import Unreadable
from verifiers.audit.rocq.filling import Filling, Place, filled, refusal
from verifiers.audit.rocq.layers import ALLOWED_AXIOMS
from verifiers.audit.rocq.processes import Marked, last_error
from verifiers.audit.rocq.version import assumptions, classical_name, has_safe_flags, program
from verifiers.audit.sandbox import Finished, Limits, Sandbox


class OwnFile(NamedTuple):
    """A file of the project before it is filled. `library` is the logical name of its folder."""

    name: str
    library: str
    text: str
    places: Sequence[Place]
    compiled: Path
    """Where its compiled file has to be for others to find it."""

    @property
    def module(self) -> str:
        """Its logical name."""
        stem = self.name.removesuffix(".v")
        return f"{self.library}.{stem}" if self.library else stem


class Refused(NamedTuple):
    """What the prover said of a file that it does not compile, and the line (0 where it named none)."""

    line: int
    message: str


class Judgement(NamedTuple):
    """What one hole's proof rests on; `refused` says why it does not count, if so."""

    axioms: tuple[str, ...] = ()
    holes: tuple[str, ...] = ()
    refused: str = ""

    @property
    def status(self) -> Literal["proved", "conditional", "open"]:
        """What the hole is called: `conditional` while what its proof rests on has holes."""
        if self.refused:
            return "open"
        return "conditional" if self.holes else "proved"


class Prover:
    """Bare `coqc` in the sandbox, with a project's options; boxed processes see its folder, and cannot change it."""

    def __init__(self, sandbox: Sandbox, folder: Path, options: Sequence[str], seconds: float) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self._options = options
        self._limits = Limits(4 * seconds, seconds, output_bytes=1 << 28)
        self.cpu_seconds = 0.0

    def run(self, argv: Sequence[str], folder: Path) -> Finished:
        """Run a command in a scratch folder."""
        finished = self._sandbox.run(argv, folder, self._limits, (self._folder,))
        self.cpu_seconds += finished.cpu_seconds
        return finished

    def compile(self, name: str, library: str, source: bytes, into: Path) -> Refused | None:
        """Compile a file; its compiled file is put in the place of the one that was there, if there is one."""
        with self._sandbox.folder() as folder:
            (folder / name).write_bytes(source)
            argv = [*program("coqc"), *self._options, "-Q", ".", library, "-q", "-w", "none", name]
            finished = self.run(argv, folder)
            if not finished.ok:
                return _refused(finished)
            into.unlink(missing_ok=True)
            if not scratch.take(folder / into.name, into, self._limits.output_bytes):
                return Refused(0, "the prover wrote no compiled file")
        return None

    def ask(self, text: str) -> Finished:
        """Run a text that stands outside of the project, and may require its files."""
        with self._sandbox.folder() as folder:
            (folder / "Question.v").write_text(text, encoding="utf-8")
            return self.run([*program("coqc"), *self._options, "-q", "-w", "none", "Question.v"], folder)


def judge(
    prover: Prover, file: OwnFile, fillings: Mapping[str, Filling], unproved: Container[str]
) -> dict[str, Judgement] | Refused:
    """Fill a file, compile it, and judge each proof; what the prover says where the whole does not compile.

    Args:
        prover: with what the file needs compiled.
        file: as it stands; what lies in its place is replaced.
        fillings: by the qualified names of places.
        unproved: full names (`Library.File.name`) of what the project left without a proof, filled or not.

    Raises:
        ValueError: a filling has a `refusal`, or places overlap; nothing is compiled then.
    """
    why = next((said for filling in fillings.values() if (said := refusal(filling, file.text))), None)
    if why is not None:
        raise ValueError(why)
    source = filled(file.text, file.places, fillings).encode()
    refused = prover.compile(file.name, file.library, source, file.compiled)
    if refused is not None:
        return refused
    names = [place.qualified for place in file.places if place.qualified in fillings]
    return _assumed(prover, file.module, names, unproved)


# ---------------------------------------------------------------------------------------------- what proofs rest on


def _assumed(prover: Prover, module: str, names: Sequence[str], unproved: Container[str]) -> dict[str, Judgement]:
    """What each of these statements of a compiled module rests on."""
    if not names:
        return {}
    questions = {name: f"Print Assumptions {module}.{name}." for name in names}
    finished, said = _asked(prover, module, {"": "Print Typing Flags.", **questions})
    if not finished.ok or not has_safe_flags(said.get("", "")):
        why = "requiring the file switches off checks of the kernel"
        refused = why if finished.ok else finished.output.strip()[-300:] or "the prover does not say what it rests on"
        return {name: Judgement(refused=refused) for name in names}
    found: dict[str, tuple[str, ...]] = {}
    judged: dict[str, Judgement] = {}
    for name in names:
        try:
            found[name] = assumptions(said.get(name, ""))
        except Unreadable as error:
            judged[name] = Judgement(refused=f"what it rests on is not understood: {error}")
    full = _full_names(prover, module, sorted({one for printed in found.values() for one in printed}))
    return judged | {name: _judgement(printed, full, unproved) for name, printed in found.items()}


def _judgement(printed: Sequence[str], full: Mapping[str, str], unproved: Container[str]) -> Judgement:
    lost = [one for one in printed if one not in full]
    if lost:
        return Judgement(refused=f"it rests on {lost[0]}, and the prover does not say what that is")
    names = sorted({full[one] for one in printed})
    axioms = tuple(sorted(classical_name(one) for one in names if one not in unproved))
    foreign = [one for one in axioms if one.startswith("Coq.") and one not in ALLOWED_AXIOMS]
    why = f"it rests on the axiom {foreign[0]}, which is not allowed" if foreign else ""
    return Judgement(axioms, tuple(one for one in names if one in unproved), why)


def _full_names(prover: Prover, module: str, names: Sequence[str]) -> dict[str, str]:
    """Names as printed → full names; those of which the prover does not say it are left out."""
    if not names:
        return {}
    # `Locate` reads names like `Term.x` as words of its own
    _, said = _asked(prover, module, {name: f"About {name}." for name in names})
    found = {name: re.findall(r"^Expands to: Constant (\S+)$", told, re.MULTILINE) for name, told in said.items()}
    return {name: told[-1] for name, told in found.items() if told}


def _asked(prover: Prover, module: str, questions: Mapping[str, str]) -> tuple[Finished, dict[str, str]]:
    """What a process that requires a module says to each question."""
    marked = Marked(questions)
    finished = prover.ask("\n".join([f"Require {module}.", "Set Printing Width 100000.", *marked.lines, ""]))
    return finished, marked.said(finished.output)


def _refused(finished: Finished) -> Refused:
    if finished.stopped is not None:
        return Refused(0, f"compiling it met the limit ({finished.stopped})")
    found = last_error(finished)
    if found is None:
        return Refused(0, finished.output.strip()[-500:] or f"coqc ended with status {finished.returncode}")
    return Refused(int(found[1]), finished.output[found.end() :].strip()[:2000])
