"""The whole library once more, independent of all that was found or kept before: trust `rechecked`.

The lemmas of one prelude become one development, in dependency order. As in an audit, in fresh sandboxed processes:
the header is compiled, then `Frozen.Statement` with a definition of every lemma's statement, before anything that a
candidate wrote; `Candidate.Text` holds all lemmas with their proofs; `Check` requires both, insists on default typing
flags, checks each lemma to be a proof of its frozen statement, and prints what all of these assume together. Then the
full `coqchk` judges these files and everything that they rest on, the standard library included.

Invariant: nothing is taken from a cache or from a folder of compiled files; the verdict is on all lemmas or on none.

Layer: recheck.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from domain import Development, Lemma, Message, Verdict
from verifiers.audit import scratch
from verifiers.audit.refusals import REFUSALS, Rejection, refusal, verdict_of
from verifiers.audit.rocq.headers import Part, header_parts
from verifiers.audit.rocq.layers import allowed_axioms, refuse_exact
from verifiers.audit.rocq.lint import refuse_block, refuse_preamble
from verifiers.audit.rocq.processes import WIDE, Work, compile_header, coqchk, failure
from verifiers.audit.rocq.recursion import may_recur, not_structural
from verifiers.audit.rocq.source import lemma_sentence
from verifiers.audit.rocq.uses import printed
from verifiers.audit.rocq.version import assumptions, has_safe_flags
from verifiers.audit.sandbox import Limits, Sandbox

TOGETHER = 50
"""Proofs that one definition mentions, so that their assumptions are listed together."""

SECONDS_A_LEMMA = 1.0
"""What each lemma adds to the limit of CPU seconds."""


def recheck(development: Development, sandbox: Sandbox, limits: Limits) -> Verdict:
    """The verdict on all lemmas together; `seconds` are CPU seconds.

    A rejection says what is wrong with the development, and in most cases not with which lemma: audit them one by one.
    """
    seconds = limits.cpu_seconds + SECONDS_A_LEMMA * len(development.lemmas)
    work = Work(sandbox, replace(limits, cpu_seconds=seconds, wall_seconds=4 * seconds))
    refused = _refused(development)
    if refused:
        return refusal(refused)
    try:
        axioms = _judge(development, work)
    except REFUSALS as error:
        verdict = verdict_of(error)
    else:
        verdict = Verdict("accepted", "proved", "rechecked", axioms=axioms)
    return replace(verdict, seconds=round(work.cpu_seconds, 4))


def _refused(development: Development) -> str | None:
    refused = refuse_preamble(development.preamble)
    for lemma in development.lemmas:
        refused = refused or refuse_block(lemma.proof) or refuse_exact(lemma.statement_exact)
    return refused


def _judge(development: Development, work: Work) -> tuple[str, ...]:
    """The axioms that all lemmas together rest on. Raises what says no."""
    parts = header_parts(development.header)
    names = [lemma.canonical_name for lemma in development.lemmas]
    with ExitStack() as stack:

        def folder() -> Path:
            path = work.sandbox.make_folder(trusted=True)
            stack.callback(scratch.remove, path)
            return path

        header, frozen, text, checker = folder(), folder(), folder(), folder()
        work.paths["Header"] = header
        compile_header(parts, work, header)
        finished = work.compile("Frozen", "Statement", _statements(parts, development.lemmas), frozen)
        if not finished.ok:
            raise failure(finished, "", "the statements", kind="error")
        finished = work.compile(work.candidate, "Text", _text(parts, development), text)
        if not finished.ok:
            raise failure(finished, "", "the lemmas")
        work.paths |= {"Frozen": frozen, work.candidate: text}
        assumed = _check(names, work, checker)
        work.paths[work.checker] = checker
        axioms = allowed_axioms(assumed, coqchk(work, full=True), development.allowed_axioms)
        texts = [text for lemma in development.lemmas for text in (lemma.statement_exact, lemma.proof)]
        if may_recur([development.preamble, *texts], development.header):
            _refuse_recursion(names, work)
    return axioms


def _statements(parts: Sequence[Part], lemmas: Sequence[Lemma]) -> str:
    lines = [part.spoken for part in parts]
    lines += [f"Definition S_{lemma.canonical_name} : Prop := {lemma.statement_exact}." for lemma in lemmas]
    return "\n".join([*lines, ""])


def _text(parts: Sequence[Part], development: Development) -> str:
    sentences = [lemma_sentence(lemma) for lemma in development.lemmas]
    return "\n".join([*(part.spoken for part in parts), development.preamble, *sentences, ""])


def _check(names: Sequence[str], work: Work, into: Path) -> tuple[str, ...]:
    """Compile the checking module; the axioms that it prints between random marks."""
    mark = secrets.token_hex(16)
    marks = [f'Goal True. idtac "{mark} {number}". Abort.' for number in range(4)]
    lines = ["Require Frozen.Statement."]
    lines += [f"Definition frozen_{name} : Prop := Frozen.Statement.S_{name}." for name in names]
    lines += ["Require Candidate.Text.", WIDE + marks[0], "Print Typing Flags.", marks[1]]
    lines += [f"Definition check_{name} : frozen_{name} := @Candidate.Text.{name}." for name in names]
    groups = [names[start : start + TOGETHER] for start in range(0, len(names), TOGETHER)]
    for number, group in enumerate(groups):
        binders = " ".join(f"(_ : frozen_{name})" for name in group)
        given = " ".join(f"check_{name}" for name in group)
        lines.append(f"Definition some_{number} : True := (fun {binders} => I) {given}.")
    binders = " ".join("(_ : True)" for _ in groups)
    given = " ".join(f"some_{number}" for number in range(len(groups)))
    lines += [f"Definition all : True := (fun {binders} => I) {given}.", marks[2], "Print Assumptions all.", marks[3]]
    finished = work.compile(work.checker, "Check", "\n".join([*lines, ""]), into)
    said = re.split(rf"^{mark} \d\n", finished.output, flags=re.MULTILINE)
    if len(said) < 3 or finished.stopped:
        raise failure(finished, "", "the checking module")
    if not has_safe_flags(said[1]):
        raise Rejection("typing_flag", Message("error", f"a lemma changes typing flags: {said[1].strip()}"))
    if len(said) < 4:
        raise Rejection("wrong_statement", Message("error", f"a lemma proves something else: {said[2].strip()}"))
    if len(said) < 5 or not finished.ok:
        raise failure(finished, "", "the list of axioms")
    return assumptions(said[3])


def _refuse_recursion(names: Sequence[str], work: Work) -> None:
    """Raise `Rejection` if a lemma, or what it rests on, recurs in a way that is not plainly structural."""
    known: dict[str, str] = {}

    def print_all(asked: Sequence[str]) -> dict[str, str]:
        new = [name for name in asked if name not in known]
        known.update(printed(new, work) if new else {})
        return {name: known[name] for name in asked}

    print_all(names)
    for name in names:
        refused = not_structural(name, print_all)
        if refused:
            raise Rejection("forbidden_construct", Message("error", f"in the lemma {name}: not allowed: {refused}"))
