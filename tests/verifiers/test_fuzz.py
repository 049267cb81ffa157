"""Candidates that nobody expects: no crash, no hang, no false accept, each within its limits.

The oracle for what an audit accepts shares nothing with it but the sandbox: plain `coqc` compiles one self-contained
file, and another process asks `Print Assumptions` of what it compiled. A false statement must never be accepted at all.
"""

import json
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from domain import Candidate, Problem, Verdict
from tests.verifiers.mutations import LIBRARY, OWN, THEORIES, Offered, Theory, offers, texts
from verifiers.audit.rocq.judge import RocqSettings
from verifiers.audit.sandbox import Limits, Sandbox
from verifiers.rocq.verifier import RocqVerifier

CHECK_SECONDS = 0.5
AUDIT_SECONDS = 3.0
SLACK_SECONDS = 2.0
"""CPU seconds beyond a limit that starting, stopping and counting may take."""

PROCESSES_OF_AN_AUDIT = 6
EXAMPLES = 500
SETTINGS = settings(
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    print_blob=False,
)


def proves(sandbox: Sandbox, offered: Offered) -> bool:
    """Whether plain `coqc` accepts the text as a closed proof of the proposition, in one of the forms it may have."""
    header, text, preamble = offered.candidate.problem.header, offered.candidate.proof, offered.candidate.preamble
    said = f"Theorem goal : {offered.proposition}."
    forms = (text, f"{said}\nProof.\n{text}\nQed.", f"{said}\n{text}", f"{said}\n{text}\nQed.")
    for form in forms:
        frozen = f"Module Oracle. Definition claim : Prop := {offered.proposition}. End Oracle."
        asked = "Definition oracle_check : Oracle.claim := goal."
        with sandbox.folder() as folder:
            (folder / "Form.v").write_text(f"{header}\n{frozen}\n{preamble}\n{form}\n{asked}\n")
            (folder / "Ask.v").write_text("Require Form.\nPrint Assumptions Form.oracle_check.\n")
            limits = Limits(120, 20)
            if not sandbox.run(["coqc", "-q", "Form.v"], folder, limits).ok:
                continue
            asked_apart = sandbox.run(["coqc", "-q", "Ask.v"], folder, limits)
            if asked_apart.ok and asked_apart.output.strip() == "Closed under the global context":
                return True
    return False


class Campaign:
    """Seeded candidates through check, audit and oracle, and what came of them."""

    def __init__(self, verifier: RocqVerifier, sandbox: Sandbox) -> None:
        self.verifier = verifier
        self.sandbox = sandbox
        self.fates: Counter[str] = Counter()
        self.longest = 0.0

    def run(self, number: int, examples: int) -> None:
        @seed(number)
        @settings(SETTINGS, max_examples=examples)
        @given(st.randoms(use_true_random=True))
        def one(chance: Random) -> None:
            self.judge(offers(chance))

        one()
        self.sentinels()

    def judge(self, offered: Offered) -> None:
        candidate = offered.candidate
        started = time.monotonic()
        verdict = self.verifier.check([candidate])[0]
        self.longest = max(self.longest, time.monotonic() - started)
        self.fates["candidates"] += 1
        self.fates[f"check: {verdict.reason}"] += 1
        assert not verdict.accepted
        assert_sane(candidate, verdict, CHECK_SECONDS)
        unlucky = (
            zlib.crc32(candidate.proof.encode("utf-8", "surrogatepass")) % 100 == 0 and len(candidate.proof) < 100_000
        )
        if verdict.verdict != "accepted" and not unlucky:
            return
        audited = self.verifier.audit([candidate])[0]
        self.fates[f"audit: {audited.reason}"] += 1
        assert_sane(candidate, audited, PROCESSES_OF_AN_AUDIT * AUDIT_SECONDS)
        if audited.accepted and not offered.proposition:
            self.fates["accepted with another header or statement"] += 1
        elif audited.accepted:
            assert offered.true, f"a false statement is accepted: {candidate}"
            assert proves(self.sandbox, offered), f"accepted, and plain coqc does not agree: {candidate}"
        elif verdict.verdict == "accepted":
            self.fates[f"warm only: {audited.reason}"] += 1

    def sentinels(self) -> None:
        """After all that, the verifier still tells true from false."""
        for theory in THEORIES:
            some = theory.proofs[:2]
            honest = [candidate_of(theory, theory.true[index], proof) for index, proof in some]
            false = [candidate_of(theory, theory.false[0], proof) for _, proof in some]
            told = ["accepted"] * len(some) + ["rejected"] * len(some)
            assert [one.verdict for one in self.verifier.check([*honest, *false])] == told
            assert [one.verdict for one in self.verifier.audit([*honest, *false])] == told

    def record(self, record_property: Callable[[str, object], None]) -> None:
        for fate, count in sorted(self.fates.items()):
            record_property(fate, count)
        record_property("longest_check_seconds", round(self.longest, 2))
        record_property("prover_cpu_seconds", round(self.verifier.cpu_seconds(), 1))


def candidate_of(theory: Theory, proposition: str, proof: str) -> Candidate:
    return Candidate(Problem("goal", "rocq", theory.header, f"Theorem goal : {proposition}."), proof)


def assert_sane(candidate: Candidate, verdict: Verdict, seconds: float) -> None:
    """A verdict of the vocabulary, within the limits, whose positions lie in the text."""
    assert verdict.verdict in ("accepted", "rejected", "timeout", "error")
    assert verdict.reason != "prover_error", (candidate, verdict)
    assert (verdict.trust == "none") == (verdict.verdict != "accepted")
    assert verdict.seconds < seconds + SLACK_SECONDS
    json.dumps([message.text for message in verdict.messages])
    for message in verdict.messages:
        assert -1 <= message.start <= message.end <= len(candidate.proof)


@pytest.fixture(scope="module")
def campaign() -> Iterator[Campaign]:
    verifier = RocqVerifier(RocqSettings(check_seconds=CHECK_SECONDS, audit_seconds=AUDIT_SECONDS))
    yield Campaign(verifier, Sandbox())
    verifier.close()


@pytest.mark.parametrize("most", [4, pytest.param(100, marks=pytest.mark.acceptance)])
@pytest.mark.parametrize("theory", THEORIES, ids=["own", "library"])
def test_the_proofs_that_are_mutated_are_honest(campaign: Campaign, theory: Theory, most: int) -> None:
    chosen = Random(6).sample(theory.proofs, min(most, len(theory.proofs)))
    candidates = [candidate_of(theory, theory.true[index], proof) for index, proof in chosen]
    assert [one.accepted for one in campaign.verifier.audit(candidates)] == [True] * len(candidates)
    for index, proof in chosen[-2:]:
        candidate = candidate_of(theory, theory.true[index], proof)
        assert proves(campaign.sandbox, Offered(candidate, true=True, proposition=theory.true[index]))


def test_the_oracle_refuses_cheats(campaign: Campaign) -> None:
    for proof in (
        "Admitted.",
        "Axiom lie : False. Theorem goal : False. exact lie. Qed.",
        "Theorem goal : True. easy. Qed.",
    ):
        assert not proves(campaign.sandbox, Offered(candidate_of(OWN, "False", proof), true=False, proposition="False"))


def test_fifty_mutated_proofs(campaign: Campaign, record_property: Callable[[str, object], None]) -> None:
    campaign.run(0, 50)
    campaign.record(record_property)


@pytest.mark.acceptance
@pytest.mark.parametrize("number", range(1, 22))
def test_ten_thousand_mutated_proofs(
    campaign: Campaign, number: int, record_property: Callable[[str, object], None]
) -> None:
    one = Campaign(campaign.verifier, campaign.sandbox)
    one.run(number, EXAMPLES)
    one.record(record_property)


# --------------------------------------------------------------------------------------------------- command line

NUMBERS = b'{"problem": {"name": 1, "prover": 2, "header": 3, "formal_statement": 4}}'
BROKEN = (
    b"", b"   ", b"null", b"[]", b"3", b'"x"', b"{", b"{}", b'{"problem": {}}', b'{"problem": [], "proof": "x"}', b"\0",
    b'{"problem": {"name": "a"}, "proof": "x"}', b"[" * 5000, b'{"a":' * 5000, b"1" * 5000, b"1e999999", b"NaN", b"\r",
    b'{"proof": "x", "problem": null}', NUMBERS, b'\xef\xbb\xbf{"problem": {}}', b"\x1e", b"\xed\xa0\x80", b"\xff\xfe",
    b'{"problem": {"name": "a", "name": "b"}, "proof": 1}', b'{"problem": {"name": "\\ud800"}}', b"\xc2\x85",
    b"x" * 100_000, b'{"problem": "' + b"\xff" + b'"}',
)  # fmt: skip


def batch_line(chance: Random) -> bytes:
    """A line of a batch, mostly one that does not reach a prover."""
    kind = chance.randint(0, 9)
    if kind < 4:
        return chance.choice(BROKEN)
    if kind < 5:
        return chance.randbytes(chance.randint(0, 60)).replace(b"\n", b"")
    theory = chance.choice([OWN, LIBRARY])
    index, proof = chance.choice(theory.proofs)
    record: dict[str, Any] = {
        "problem": {
            "name": "goal", "prover": "rocq", "header": theory.header,
            "formal_statement": f"Theorem goal : {theory.true[index]}.",
        },
        "proof": texts(chance, proof, proof, 100_000),
    }  # fmt: skip
    if kind < 8:
        where = record if chance.random() < 0.5 else record["problem"]
        field = chance.choice(sorted(where))
        if chance.random() < 0.5:
            del where[field]
        else:
            where[field] = chance.choice([None, 0, -1.5, [], {}, True, "", "\0", "\ud800", "lean4", ["a"], 10**400])
    line = json.dumps(record, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    if chance.randint(0, 9) == 0:
        return line[: chance.randint(0, len(line))].replace(b"\n", b"")
    return line


def batch(chance: Random, lines: int) -> bytes:
    return b"\n".join(batch_line(chance) for _ in range(lines)) + chance.choice([b"", b"\n", b"\n\n"])


def answer_a_batch(content: bytes, folder: Path, repository: Path) -> Counter[str]:
    """Run `check --batch` on a file; every line that is not blank is answered, in its place."""
    file = folder / "batch.jsonl"
    file.write_bytes(content)
    command = [sys.executable, "-m", "pipeline", "check", "--batch", str(file), "--cpu-seconds", "2"]
    ran = subprocess.run(command, cwd=repository, capture_output=True, timeout=600, check=False)
    said = ran.stderr.decode()
    assert "Traceback" not in said, said
    asked = [number for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(answers) == len(asked), said
    for number, answer in zip(asked, answers, strict=True):
        if answer["reason"] == "malformed" and answer["name"].startswith(str(file)):
            assert answer["name"] == f"{file}:{number}"
    assert ran.returncode == (0 if all(answer["trust"] == "audited" for answer in answers) else 1)
    return Counter(answer["reason"] for answer in answers)


def fuzz_batches(number: int, lines: int, folder: Path, repository: Path) -> Counter[str]:
    reasons: Counter[str] = Counter()

    @seed(number)
    @settings(SETTINGS, max_examples=2)
    @given(st.randoms(use_true_random=True))
    def one(chance: Random) -> None:
        reasons.update(answer_a_batch(batch(chance, lines), folder, repository))

    one()
    return reasons


def test_every_broken_line_is_answered_in_its_place(tmp_path: Path, repository: Path) -> None:
    reasons = answer_a_batch(b"\n".join(BROKEN), tmp_path, repository)
    assert set(reasons) == {"malformed"}


def test_a_batch_of_anything_is_answered(
    tmp_path: Path, repository: Path, record_property: Callable[[str, object], None]
) -> None:
    for reason, count in fuzz_batches(0, 30, tmp_path, repository).items():
        record_property(reason, count)


@pytest.mark.acceptance
@pytest.mark.parametrize("number", range(1, 6))
def test_batches_of_anything_are_answered(
    number: int, tmp_path: Path, repository: Path, record_property: Callable[[str, object], None]
) -> None:
    for reason, count in fuzz_batches(number, 100, tmp_path, repository).items():
        record_property(reason, count)
