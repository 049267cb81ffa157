"""From what the server says of a candidate's theories to its verdict.

Invariant (design, invariant 1): FINISHED is no success. `accepted` needs all five theories to be among the nodes and
clean, the audit's answers to be complete and as a sound proof has them, and every error that the server lists beside
them to be an error of another candidate's theories. Whatever stops short of that has a reason of its own.

Layer: comparison and axioms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from domain import Message, Reason, Verdict, VerdictKind
from verifiers.audit.isabelle.answers import NodeMessage, Used
from verifiers.audit.isabelle.cases import Case, errors_of
from verifiers.audit.isabelle.comparison import AuditAnswer as Answer
from verifiers.audit.isabelle.comparison import judge, read_answer
from verifiers.audit.isabelle.theories import Names


def verdict_on(
    case: Case, used: Used, *, assumed: bool, alone: bool = True, neighbours: Sequence[Case] = ()
) -> Verdict:
    """The verdict on one candidate of an answer.

    `alone`: nothing else was asked for. `neighbours` are all candidates of the question, this one included.
    """
    seconds = round(used.seconds / max(1, len(neighbours)), 4)

    def verdict(kind: VerdictKind, reason: Reason, *messages: Message) -> Verdict:
        return Verdict(kind, reason, "none", messages, seconds=seconds)

    if used.kind == "timeout":
        return verdict("timeout", "timeout", Message("error", "the time limit was reached"))
    if used.kind == "gone":
        return verdict("error", "prover_error", Message("error", used.message))
    unread = verdict_on_problem(case, used)
    if unread is not None:
        return replace(unread, seconds=seconds)
    names = case.names
    node = used.nodes.get(names.candidate)
    if node is not None and node.errors and node.errors[0].text.startswith("Interrupt"):
        return verdict("timeout", "timeout", Message("error", "the time limit was reached"))
    if node is not None and (node.errors or (node.settled and node.failed)):
        messages = errors_of(case, node) or (Message("error", "the text fails"),)
        return verdict("rejected", "does_not_compile", *messages)
    nodes = [used.nodes.get(name) for name in names]
    if any(one is None for one in nodes):
        return verdict("error", "prover_error", Message("error", "the server says nothing of a theory"))
    if not all(one.settled for one in nodes if one is not None):
        return verdict("timeout", "timeout", Message("error", "the time limit was reached"))
    said = used.nodes[names.audit]
    answer = read_answer([one.text for one in said.messages if one.kind == "writeln"], case.nonce)
    if answer is None or not said.clean:
        text = said.errors[0].text if said.errors else "its answers are incomplete"
        return verdict("error", "prover_error", Message("error", f"the audit: {text}"))
    refused = judge(answer, case.statement.name, case.candidate.problem.allowed_axioms, assumed=assumed)
    if refused is not None:
        kind = "error" if refused.reason == "prover_error" else "rejected"
        return verdict(kind, refused.reason, refused.message)
    if not used.ok or used.errors:
        others = {one.text for other in neighbours for name in other.names for one in _errors(used, name)}
        if alone or not {one.text for one in used.errors} <= others or not others:
            text = used.errors[0].text if used.errors else "it says that not all is well"
            return verdict("error", "prover_error", Message("error", f"the server: {text}"))
    lemmas = {lemma.canonical_name for lemma in case.candidate.lemmas}
    uses = tuple(sorted(set(_facts_used(answer, names)) & lemmas))
    trust = "elaborated" if assumed else "audited"
    return Verdict("accepted", "proved", trust, (), answer.oracles, uses, seconds)


def verdict_on_problem(case: Case, used: Used) -> Verdict | None:
    """The verdict `error` where the answer says that the header, the statement or a library lemma fails."""
    told = {case.names.header: "the header", case.names.statement: "the statement", case.names.lemmas: "a lemma"}
    failed = f"the header: {used.message}" if used.kind == "failed" else None
    for name, what in told.items():
        node = used.nodes.get(name)
        if failed is None and node is not None and (node.errors or (node.settled and node.failed)):
            failed = f"{what}: {node.errors[0].text if node.errors else 'it fails'}"
    return None if failed is None else Verdict("error", "does_not_compile", "none", (Message("error", failed),))


def _facts_used(answer: Answer, names: Names) -> tuple[str, ...]:
    """The facts that a proof uses; those of the theory of library lemmas without its name."""
    prefix = f"{names.lemmas}."
    return tuple(sorted({name.removeprefix(prefix) for name in answer.uses}))


def _errors(used: Used, theory: str) -> Sequence[NodeMessage]:
    node = used.nodes.get(theory)
    return node.errors if node is not None else ()
