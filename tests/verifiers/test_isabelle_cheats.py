"""No cheat is accepted, and each is refused for its own reason: by the scanner, or by what the server's answer lacks.

Each folder of `cheats_isabelle` holds a problem, a candidate, and what is expected: verdict, reason, and words of the
first message. Where the server has to say something in particular, `play.json` makes the stand-in say it (see
`isabelle_server.PLAY`); everywhere else it would call the candidate proved.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain import Candidate, Problem
from tests.verifiers.isabelle_stand_in import StandIn, running
from verifiers.audit.isabelle import scan, session
from verifiers.isabelle.verifier import IsabelleVerifier

CHEATS = sorted(Path(__file__).with_name("cheats_isabelle").iterdir())
PLAYED = [cheat for cheat in CHEATS if (cheat / "play.json").exists()]
SCANNED = [cheat for cheat in CHEATS if cheat not in PLAYED]


def read(cheat: Path, name: str) -> dict[str, Any]:
    return json.loads((cheat / name).read_text(encoding="utf-8"))


def candidate(cheat: Path, text: str | None = None) -> Candidate:
    fields = read(cheat, "problem.json")
    axioms = tuple(fields.pop("allowed_axioms", ()))
    proof = (cheat / "candidate.thy").read_bytes().decode() if text is None else text
    return Candidate(Problem(**fields, allowed_axioms=axioms), proof)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running(tmp_path_factory.mktemp("server")) as one:
        yield one


@pytest.fixture
def verifier(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[IsabelleVerifier]:
    monkeypatch.setattr(session, "CONSOLIDATION_SECONDS", 0.5)  # what the stand-in never says is not waited for
    server.play()
    one = IsabelleVerifier(server.settings(audit_seconds=0.3, check_seconds=0.3))
    yield one
    one.close()


def test_there_are_cheats_of_both_kinds() -> None:
    assert len(SCANNED) >= 60
    assert len(PLAYED) >= 40
    assert [read(cheat, "expected.json")["layer"] for cheat in SCANNED] == ["scanner"] * len(SCANNED)


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_a_cheat_is_refused_for_its_own_reason(verifier: IsabelleVerifier, server: StandIn, cheat: Path) -> None:
    expected = read(cheat, "expected.json")
    if cheat in PLAYED:
        server.play(read(cheat, "play.json"))
    verdict = verifier.audit([candidate(cheat)], recheck=expected.get("recheck", False))[0]
    assert (verdict.verdict, verdict.reason, verdict.trust) == (expected["verdict"], expected["reason"], "none")
    assert expected["says"] in verdict.messages[0].text
    assert not verdict.accepted


@pytest.mark.parametrize("cheat", PLAYED, ids=lambda cheat: cheat.name)
def test_what_only_the_server_can_know_passes_the_scanner(cheat: Path) -> None:
    assert scan.refuse(candidate(cheat).proof) is None


def test_the_same_problems_are_proved_when_the_server_says_so(verifier: IsabelleVerifier) -> None:
    """So none of these cheats is refused because its problem is."""
    sound = [cheat for cheat in CHEATS if read(cheat, "expected.json")["reason"] != "malformed"]
    for verdict in verifier.check([candidate(cheat, "by simp") for cheat in sound]):
        assert (verdict.verdict, verdict.trust) == ("accepted", "elaborated")
