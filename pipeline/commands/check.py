"""`python -m pipeline check`: verify candidate proofs, one or a batch, in fresh processes.

Invariant: every line of a batch gets exactly one answer, in order, whatever it holds; a malformed one gets the verdict
`error` in its place. Answers are printed as they come, so what was printed before an interruption counts.
"""

from __future__ import annotations

import json
import sys
import time
from codecs import BOM_UTF8
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from domain import Candidate, Message, OutsideError, Problem, UserError, Verdict
from pipeline.commands import MOST_SECONDS
from pipeline.service.batch import BATCH_LINE, candidate_of, verdict_line

if TYPE_CHECKING:
    from verifiers.opened import Verifiers
    from verifiers.protocol import Verifier

PROGRESS_SECONDS = 5.0
"""Between two lines of progress of a batch."""


def check(
    problem: str | None = None,
    *,
    proof: Path | None = None,
    batch: Path | None = None,
    recheck: bool = False,
    repair: bool = False,
    workers: int = 1,
    cpu_seconds: float = 30.0,
    json_output: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Verify candidate proofs. Exit code 0: every candidate is accepted; 1: at least one is not.

    A proof is the whole text (auxiliary lemmas, then the theorem) or only the tactic block. The statement that counts
    is the problem's, whatever the text says. Rocq is found on PATH; Lean comes with the installation, or the
    environment names another (docs/lean.md); for Isabelle, see docs/isabelle.md. docs/check.md explains the answers.

    Examples:

        python -m pipeline check problems.jsonl:add_comm --proof add_comm.v
        python -m pipeline check problem.jsonl --proof proof.v --recheck --json
        python -m pipeline check problem.jsonl --proof broken.v --repair
        python -m pipeline check --batch candidates.jsonl --workers 2

    Parameters
    ----------
    problem
        JSONL file with one problem, or FILE:NAME for one of several.
    proof
        File with the candidate's text.
    batch
        JSONL file with one `{"problem": {...}, "proof": "..."}` a line; answers are JSON lines.
    recheck
        Let the independent checker check everything that the proof rests on, the standard library included.
    repair
        If the proof is refused, try the prover's own automation where it fails, and print the repaired proof; the exit
        code is then that of the repaired proof.
    workers
        Candidates of a batch that are verified at the same time.
    cpu_seconds
        CPU limit of each prover process; for Isabelle, whose server checks many at once, wall time of each candidate.
    json_output
        Print one JSON object instead of text (a batch always prints JSON lines).
    """
    if (problem is None) == (batch is None):
        raise UserError("give either a problem with --proof FILE, or --batch FILE.jsonl")
    if problem is not None and proof is None:
        raise UserError("--proof FILE is missing: the candidate's text for this problem")
    if batch is not None and proof is not None:
        raise UserError("--proof goes with a problem; in a batch each line holds its own proof")
    if batch is not None and repair:
        raise UserError("--repair goes with a problem and --proof FILE, not with a batch")
    if workers < 1 or not 0 < cpu_seconds <= MOST_SECONDS:
        raise UserError(f"--workers and --cpu-seconds must be greater than zero, the latter at most {MOST_SECONDS}")
    from verifiers.backend import VerifierLimits
    from verifiers.opened import Verifiers

    provers = Verifiers(VerifierLimits(audit_seconds=cpu_seconds, audit_workers=workers))
    try:
        if batch is not None:
            return _check_batch(provers, batch, recheck=recheck, workers=workers)
        assert problem is not None
        assert proof is not None
        candidate = Candidate(_problem(problem), _text(proof))
        verifier = provers.of(candidate.problem.prover)
        _tell(provers.notes())
        verdict = verifier.audit([candidate], recheck=recheck)[0]
        repaired = _repaired(verifier, candidate) if repair and verdict.verdict in ("rejected", "timeout") else None
        if repaired is not None:
            verdict = verifier.audit([replace(candidate, proof=repaired)], recheck=recheck)[0]
        if json_output:
            also = {"repaired": repaired} if repair else {}
            print(json.dumps({**verdict_line(candidate.problem.name, verdict), **also}))
        else:
            print(_shown(candidate.problem, verdict, candidate.proof if repaired is None else repaired))
            if repaired is not None and verdict.accepted:
                print(f"\n{repaired.strip()}")
            elif repair and not verdict.accepted:
                print("  repair found nothing that works")
        return 0 if verdict.accepted else 1
    finally:
        provers.close()


SECONDS = 30.0
"""CPU seconds for the repair of one text, with or without imports: more than in a run, where many wait."""


def _repaired(verifier: Verifier, candidate: Candidate) -> str | None:
    """The text of the candidate after repair, if there is one that a warm session accepts."""
    from pipeline.config import RepairSettings
    from pipeline.loop.repair import repair_text

    return repair_text(verifier, candidate, RepairSettings(cpu_seconds=SECONDS))


def _tell(notes: list[str]) -> None:
    for note in notes:
        print(note, file=sys.stderr)


def _check_batch(provers: Verifiers, file: Path, *, recheck: bool, workers: int) -> int:
    from datasets.jsonl import read_lines

    lines = read_lines(file)
    if not lines:
        raise UserError(f"{file} holds no candidate: {BATCH_LINE}")
    all_accepted = True
    shown = time.monotonic()
    told: list[str] = []
    for start in range(0, len(lines), workers):
        names: list[str] = []
        verdicts: list[Verdict | None] = []
        candidates: list[Candidate] = []
        for number, line in lines[start : start + workers]:
            name, read = candidate_of(line, f"{file}:{number}")
            names.append(name)
            verdicts.append(read if isinstance(read, Verdict) else None)
            candidates += [read] if isinstance(read, Candidate) else []
        audited = iter(provers.audit(candidates, recheck=recheck))
        _tell([note for note in provers.notes() if note not in told])
        told = provers.notes()
        for name, known in zip(names, verdicts, strict=True):
            verdict = known or next(audited)
            all_accepted &= verdict.accepted
            print(json.dumps(verdict_line(name, verdict)), flush=True)
        if time.monotonic() - shown > PROGRESS_SECONDS:
            shown = time.monotonic()
            print(f"{min(start + workers, len(lines))} of {len(lines)} candidates", file=sys.stderr)
    if provers.missing:
        raise OutsideError(f"not all candidates were judged: {'; '.join(provers.missing.values())}")
    return 0 if all_accepted else 1


def _problem(argument: str) -> Problem:
    """The problem that `FILE` or `FILE:NAME` means."""
    from datasets.jsonl import read_problems

    file, _, name = argument.rpartition(":")
    if Path(argument).exists() or not file:
        file, name = argument, ""
    problems = read_problems(Path(file))
    named = [problem for problem in problems if not name or problem.name == name]
    if not named:
        raise UserError(f"{file}: no problem named {name!r} among its {len(problems)}")
    if len(named) > 1:
        raise UserError(f"{file} holds {len(named)} problems; say which: {file}:{named[0].name}")
    return named[0]


def _text(file: Path) -> str:
    try:
        return file.read_bytes().removeprefix(BOM_UTF8).decode("utf-8")
    except FileNotFoundError:
        raise UserError(f"there is no file {file}") from None
    except IsADirectoryError:
        raise UserError(f"{file} is a folder; expected the text of a proof") from None
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: not UTF-8 text at byte {error.start}") from None


def _shown(problem: Problem, verdict: Verdict, proof: str) -> str:
    from verifiers.backend import backend_of

    kind = f"{verdict.verdict} ({verdict.trust})" if verdict.accepted else f"{verdict.verdict} ({verdict.reason})"
    if verdict.verdict == "accepted" and not verdict.accepted:
        kind = f"not accepted (only {verdict.trust})"
    clock = backend_of(problem.prover).clock
    lines = [f"{problem.name}: {kind}, {verdict.prover}, {verdict.seconds:.2f} {clock}"]
    lines += [f"  axiom {axiom}" for axiom in verdict.axioms]
    for message in verdict.messages:
        lines += [f"  {line}" for line in f"{_place(message, proof)}{message.text}".split("\n")]
    if verdict.reason == "timeout":
        lines.append("  a larger --cpu-seconds may help")
    return "\n".join(lines)


def _place(message: Message, proof: str) -> str:
    """Where in the text of the proof a message is about, in lines and characters from 1; empty if nobody knows."""
    if message.start < 0:
        return ""
    before = proof[: message.start]
    return f"line {before.count(chr(10)) + 1}, character {len(before) - before.rfind(chr(10))}: "
