"""No cheat of the corpus is accepted, each is refused for its own reason, and none of them for a slip of the pen.

A folder of `cheats_rocq` holds `problem.json` (header, statement, perhaps preamble and library lemmas), `candidate.v`
and `expected.json`: the verdict, its reason, the reason that the layers behind the lint give, and why it is a cheat.
That the text is refused for the cheat and for nothing else is shown by `control.v`, which differs from it only in the
cheat (`control.json` says what of the problem does) and is accepted; where there is none, the bare prover accepts the
cheat behind the problem's header.
"""

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from domain import Candidate, Const, Lemma, Problem, Verdict
from verifiers.audit.rocq.auditor import Auditor
from verifiers.audit.rocq.judge import RocqSettings
from verifiers.audit.rocq.source import lemma_sentence, parse_statement, surround
from verifiers.audit.sandbox import Limits, Sandbox
from verifiers.rocq.verifier import RocqVerifier

FOLDER = Path(__file__).parent / "cheats_rocq"
SAMPLE = 12
"""Cheats that the default tests also try without the lint."""


class Cheat(NamedTuple):
    name: str
    candidate: Candidate
    control: Candidate | None
    verdict: str
    reason: str
    without_lint: str
    slow: bool


def lemma(record: dict[str, str]) -> Lemma:
    statement = record["statement"]
    return Lemma(
        id=record["id"], revision=1, prover="rocq", name=record["id"], prelude_id="", definition_ids=(),
        statement=statement, statement_exact=statement, term=Const("statement"), proof=record["proof"], uses=(),
        dedup_key="", origin_kind="", origins=(), parents=(), operator="", round=1, attempt_id="", prover_version="",
    )  # fmt: skip


def candidate(problem: dict[str, Any], text: Path) -> Candidate:
    return Candidate(
        Problem("goal", "rocq", problem["header"], problem["formal_statement"]),
        text.read_bytes().decode(),
        tuple(lemma(one) for one in problem.get("lemmas", ())),
        problem.get("preamble", ""),
    )


def read(folder: Path) -> Cheat:
    problem = json.loads((folder / "problem.json").read_text())
    expected = json.loads((folder / "expected.json").read_text())
    control = None
    if (folder / "control.v").is_file():
        changes = folder / "control.json"
        fixed = {**problem, **(json.loads(changes.read_text()) if changes.is_file() else {})}
        control = candidate(fixed, folder / "control.v")
    return Cheat(
        folder.name,
        candidate(problem, folder / "candidate.v"),
        control,
        expected["verdict"],
        expected["reason"],
        expected["without_lint"],
        expected.get("slow", False),
    )


CHEATS = [read(folder) for folder in sorted(FOLDER.iterdir())]
QUICK = [cheat for cheat in CHEATS if not cheat.slow]


@pytest.fixture(scope="module")
def auditor() -> Iterator[Auditor]:
    made = Auditor(Sandbox(), Limits(wall_seconds=60, cpu_seconds=4))
    yield made
    made.close()


@pytest.fixture(scope="module")
def verifier() -> Iterator[RocqVerifier]:
    made = RocqVerifier(RocqSettings(check_seconds=2, audit_seconds=4))
    yield made
    made.close()


def name(cheat: Cheat) -> str:
    return cheat.name


def is_refused_rightly(auditor: Auditor, cheat: Cheat) -> Verdict:
    verdict = auditor.audit([cheat.candidate])[0]
    assert (verdict.verdict, verdict.reason, verdict.trust) == (cheat.verdict, cheat.reason, "none")
    return verdict


def compiles_plainly(cheat: Cheat, folder: Path) -> bool:
    """Whether the bare prover accepts the text behind the header, as it stands or as a module (names may clash)."""
    header = cheat.candidate.problem.header
    placed = surround(parse_statement(cheat.candidate.problem.formal_statement), cheat.candidate.proof)
    lemmas = [lemma_sentence(one) for one in cheat.candidate.lemmas]
    text = "\n".join([cheat.candidate.preamble, *lemmas, placed.before, placed.text, placed.after])
    for before in (header, f"Module Given.\n{header}\nEnd Given.\nImport Given."):
        (folder / "Cheat.v").write_text(f"{before}\n{text}\n")
        command = ["coqc", "-q", "-w", "none", "Cheat.v"]
        if subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120).returncode == 0:
            return True
    return False


def is_no_slip(auditor: Auditor, cheat: Cheat, folder: Path) -> None:
    if cheat.control is None:
        assert compiles_plainly(cheat, folder)
    else:
        verdict = auditor.audit([cheat.control])[0]
        assert verdict.accepted, verdict.messages


def is_seen_without_the_lint(auditor: Auditor, cheat: Cheat) -> None:
    """The lint is one layer; the others refuse what is false, and let pass what only writes or prints."""
    if "\0" in cheat.candidate.proof:
        return
    verdict = auditor.judge_compiled(cheat.candidate)
    assert verdict.reason == cheat.without_lint
    assert not verdict.accepted or cheat.control is not None


def test_the_corpus_is_large() -> None:
    assert len(CHEATS) >= 120


@pytest.mark.parametrize("cheat", QUICK, ids=name)
def test_a_cheat_is_refused_for_its_reason(auditor: Auditor, cheat: Cheat) -> None:
    is_refused_rightly(auditor, cheat)


@pytest.mark.parametrize("cheat", random.Random(1).sample(QUICK, 2 * SAMPLE), ids=name)
def test_a_cheat_is_no_slip(auditor: Auditor, cheat: Cheat, tmp_path: Path) -> None:
    is_no_slip(auditor, cheat, tmp_path)


@pytest.mark.parametrize("cheat", random.Random(2).sample(QUICK, SAMPLE), ids=name)
def test_a_cheat_is_seen_without_the_lint(auditor: Auditor, cheat: Cheat) -> None:
    is_seen_without_the_lint(auditor, cheat)


def test_a_warm_session_never_makes_a_cheat_more_than_elaborated(verifier: RocqVerifier) -> None:
    """What a warm check says is `elaborated` at most; and honest texts beside the cheats keep their verdicts."""
    honest = [cheat.control for cheat in QUICK if cheat.control and not cheat.control.lemmas][:6]
    batch = [one for cheat in QUICK if cheat.reason == "forbidden_construct" for one in (cheat.candidate, *honest[:1])]
    verdicts = verifier.check(batch)
    assert {verdict.trust for verdict in verdicts} <= {"none", "elaborated"}
    assert not any(verdict.accepted for verdict in verdicts)
    assert {verdict.trust for verdict in verifier.check(honest)} == {"elaborated"}


def test_an_audit_is_the_same_after_a_warm_check_and_from_the_cache(verifier: RocqVerifier) -> None:
    for cheat in [one for one in QUICK if "guard_checker" in one.name][:2]:
        verifier.check([cheat.candidate])
        answers = [verifier.audit([cheat.candidate])[0] for _ in range(2)]
        assert [(one.verdict, one.reason) for one in answers] == [(cheat.verdict, cheat.reason)] * 2


def test_what_differs_only_in_preamble_or_lemmas_is_not_taken_from_the_cache(verifier: RocqVerifier) -> None:
    differing = [one for one in QUICK if one.control and (one.candidate.lemmas or one.candidate.preamble)]
    assert len(differing) >= 4
    for cheat in differing[:3]:
        assert cheat.control is not None
        good, bad = verifier.audit([cheat.control, cheat.candidate])
        assert (good.accepted, bad.accepted) == (True, False)


@pytest.mark.acceptance
@pytest.mark.timeout(3600)
def test_no_cheat_of_the_corpus_is_accepted(auditor: Auditor, tmp_path: Path, record_property: Any) -> None:
    verdicts: list[Verdict] = []
    for cheat in CHEATS:
        verdicts.append(is_refused_rightly(auditor, cheat))
        is_no_slip(auditor, cheat, tmp_path)
        is_seen_without_the_lint(auditor, cheat)
    record_property("cheats", len(CHEATS))
    record_property("accepted", sum(verdict.accepted for verdict in verdicts))
    record_property("refused by the lint alone", sum(cheat.without_lint == "proved" for cheat in CHEATS))
    record_property("CPU seconds", round(auditor.cpu_seconds, 1))
