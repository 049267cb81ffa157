"""The whole library once more, independent of all found or kept before, as `verifiers.audit.rocq.recheck` for Lean.

The lemmas of one prelude become one development, in dependency order. As in an audit, in fresh sandboxed processes and
over a library of ours that is compiled anew: the header with a definition of every lemma's statement behind it, before
anything that a candidate wrote; a module of all lemmas with their proofs; a module that claims each frozen statement
with its lemma, and prints the axioms. Then the kernel has its second look at all three, if this Lean has a checker.

Invariant: nothing is taken from a cache or from a folder that was there before; the verdict is on all lemmas or on
none; without a second look its trust is `audited`, and a message says why.

Layer: recheck.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

from domain import Development, Lemma, Message, Verdict, is_canonical_lemma
from verifiers.audit import scratch
from verifiers.audit.lean.auditor import NO_CHECKER
from verifiers.audit.lean.compiler import Compiler
from verifiers.audit.lean.headers import STATEMENT_MODULE, Header, parse_header
from verifiers.audit.lean.layers import CANDIDATE_MODULE, CHECK_MODULE, failure, kernel_again, printed_axioms
from verifiers.audit.lean.lint import refuse
from verifiers.audit.lean.source import is_one_term, lemma_theorem
from verifiers.audit.lean.toolchain import LeanSettings, find, rebuild
from verifiers.audit.refusals import REFUSALS, Rejection, refusal, verdict_of
from verifiers.audit.sandbox import Sandbox

SECONDS_A_LEMMA = 1.0
"""What each lemma adds to the limit of CPU seconds."""


def recheck(development: Development, sandbox: Sandbox, settings: LeanSettings) -> Verdict:
    """The verdict on all lemmas together; `seconds` are CPU seconds.

    A rejection says what is wrong with the development, and in most cases not with which lemma: audit them one by one.
    """
    toolchain = rebuild(find(settings))
    seconds = settings.recheck_seconds + SECONDS_A_LEMMA * len(development.lemmas)
    limits = toolchain.limits(seconds, settings.memory_bytes)
    compiler = Compiler(toolchain, sandbox, limits, settings.memory_bytes)
    folder = sandbox.make_folder(trusted=True)
    try:
        refused = _refused(development)
        verdict = refusal(refused) if refused else _judge(development, compiler, folder)
    except REFUSALS as error:
        verdict = verdict_of(error)
    finally:
        scratch.remove(folder)
        toolchain.discard()
    return replace(verdict, seconds=round(compiler.cpu_seconds, 4))


def _refused(development: Development) -> str | None:
    refused = refuse(development.preamble)
    for lemma in development.lemmas:
        if not is_canonical_lemma(lemma.canonical_name) or not is_one_term(lemma.statement_exact):
            return "a lemma whose statement is more than a proposition"
        refused = refused or refuse(lemma.proof) or refuse(lemma.statement_exact)
    return refused


def _judge(development: Development, compiler: Compiler, folder: Path) -> Verdict:
    header, lemmas = parse_header(development.header), development.lemmas
    frozen = "".join(f"def _root_.{_frozen(one)} : Prop :=\n  {one.statement_exact}\n" for one in lemmas)
    proved = "".join(f"{lemma_theorem(one)}\n" for one in lemmas)

    def build(module: str, text: str, what: str, *, ours: bool) -> None:
        compiled = compiler.compile(module, compiler.toolchain.header(text), path=[folder], into=folder)
        if not compiled.ok:
            raise failure(compiled, what, kind="error" if ours else "rejected")

    build(STATEMENT_MODULE, f"{header.imports}{header.whole}{frozen}", "the header or the statements", ours=True)
    build(CANDIDATE_MODULE, f"{header.spoken}{development.preamble}\n{proved}", "the lemmas", ours=False)
    claims, axioms = _claims(header, development, compiler, folder)
    allowed = compiler.toolchain.axioms | set(development.allowed_axioms) | header.axioms
    refused = sorted(axioms - allowed)
    if refused:
        raise Rejection("axiom", Message("error", f"the lemmas rest on {', '.join(refused)}"))
    said = tuple(sorted(axioms))
    if compiler.toolchain.checker is None:
        return Verdict("accepted", "proved", "audited", (Message("warning", NO_CHECKER),), said)
    kernel_again(compiler, claims, allowed, [STATEMENT_MODULE, CANDIDATE_MODULE, CHECK_MODULE], [folder])
    return Verdict("accepted", "proved", "rechecked", axioms=said)


def _claims(
    header: Header, development: Development, compiler: Compiler, folder: Path
) -> tuple[dict[str, str], set[str]]:
    """Compile the checking module: which theorem of it states what, and all axioms that these rest on."""
    mark = secrets.token_hex(16)
    prefix = f"{header.namespace}." if header.namespace else ""
    named = {f"check_{mark}_{number}": lemma for number, lemma in enumerate(development.lemmas)}
    lines = [f"{header.imports}import {STATEMENT_MODULE}", f"import {CANDIDATE_MODULE}"]
    lines += [f"theorem {check} : {_frozen(one)} := @{prefix}{one.canonical_name}" for check, one in named.items()]
    lines += [f"#print axioms {check}" for check in named]
    text = compiler.toolchain.header("\n".join([*lines, ""]))
    compiled = compiler.compile(CHECK_MODULE, text, path=[folder], into=folder)
    if not compiled.ok:
        if compiled.reason != "does_not_compile":
            raise failure(compiled, "the comparison of statements")
        about = compiled.errors[0].text[:4000]
        raise Rejection("wrong_statement", Message("error", f"a lemma proves something else: {about}"))
    axioms: set[str] = set()
    for check in named:
        answers = [found for one in compiled.said if (found := printed_axioms(one.text, check)) is not None]
        if len(answers) != 1:
            said = Message("error", "Lean does not say what a lemma rests on")
            raise Rejection("prover_error", said, kind="error")
        axioms |= set(answers[0]) - {""}
    return {check: _frozen(lemma) for check, lemma in named.items()}, axioms


def _frozen(lemma: Lemma) -> str:
    return f"LemmaryFrozen.S_{lemma.canonical_name}"
