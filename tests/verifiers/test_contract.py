"""What every backend promises, tried on each that is installed (see `contract`)."""

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from domain import Elaboration, OutsideError, Prover, Verdict
from tests.verifiers.contract import CASES, Backend, Place, Refused
from verifiers.audit import scratch
from verifiers.backend import BACKENDS, backend_of
from verifiers.protocol import Verifier

KINDS = ["wrong statement", "incomplete", "forbidden", "axiom", "hang", "malformed", "does not compile"]


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(CASES[request.param]())
        except OutsideError as missing:
            pytest.skip(str(missing))
        yield opened


def made(backend: Backend) -> Verifier:
    try:
        return backend.make()
    except OutsideError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def verifier(backend: Backend) -> Iterator[Verifier]:
    one = made(backend)
    yield one
    one.close()


def essence(verdict: Verdict) -> Verdict:
    """A verdict without what may differ between two runs."""
    return replace(verdict, seconds=0.0)


def refused(backend: Backend) -> dict[str, Refused]:
    """What is not to be accepted, without the cases that are left undecided."""
    return {kind: one for kind, one in backend.refused.items() if kind not in backend.undecided}


def places(backend: Backend) -> list[Place]:
    """What a replay finds; of a backend that cannot tell, the first place alone."""
    return list(backend.places[: 1 if "places" in backend.undecided else None])


def ours() -> tuple[set[int], set[Path]]:
    """Our living child processes, and our scratch folders."""
    children = {
        child.pid for child in psutil.Process().children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE
    }
    return children, set(scratch.home(os.getpid()).iterdir())


@pytest.mark.parametrize("prover", BACKENDS)
def test_a_backend_is_what_the_table_says(prover: Prover) -> None:
    backend = backend_of(prover)
    assert backend.name == prover
    assert backend.syntax.suffix.startswith(".")
    assert backend.syntax.surface.begins.search(backend.syntax.theorem("goal", "True"))
    assert backend.prompts.templates.is_dir()
    assert backend.export.project
    assert backend.automation.procedures("")


def test_every_backend_brings_every_case(backend: Backend) -> None:
    assert list(backend.refused) == KINDS
    assert len(backend.honest) >= 3


def test_what_is_left_undecided_is_named(backend: Backend) -> None:
    """Only for want of a prover may a case be undecided; what no version of the backend can do is the same for all."""
    assert backend.trust == "elaborated" or not {*KINDS, "places"} & set(backend.undecided)
    if backend.undecided:
        left = "; ".join(f"{what}: {why}" for what, why in backend.undecided.items())
        pytest.skip(f"left undecided for {backend.name} at trust {backend.trust}: {left}")


def test_an_audit_answers_in_order_whatever_the_neighbours_do(backend: Backend, verifier: Verifier) -> None:
    honest, dishonest = backend.honest, refused(backend)
    batch = [honest[0]]
    for number, one in enumerate(dishonest.values()):
        batch += [one.candidate, honest[number % len(honest)]]
    verdicts = verifier.audit(batch)
    assert [backend.believes(verdict) for verdict in verdicts] == [True, *([False, True] * len(dishonest))]
    told = {kind: (verdict.verdict, verdict.reason) for kind, verdict in zip(dishonest, verdicts[1::2], strict=True)}
    assert told == {kind: (one.verdict, one.reason) for kind, one in dishonest.items()}


def test_a_check_answers_in_order_whatever_the_neighbours_do(backend: Backend, verifier: Verifier) -> None:
    dishonest = {kind: one for kind, one in refused(backend).items() if kind != "axiom"}  # only an audit sees axioms
    batch = [backend.honest[0]]
    for one in dishonest.values():
        batch += [one.candidate, backend.honest[0]]
    verdicts = verifier.check(batch)
    assert [verdict.verdict for verdict in verdicts[::2]] == ["accepted"] * (len(dishonest) + 1)
    assert {verdict.trust for verdict in verdicts[::2]} == {"elaborated"}
    told = {kind: (verdict.verdict, verdict.reason) for kind, verdict in zip(dishonest, verdicts[1::2], strict=True)}
    assert told == {kind: (one.verdict, one.reason) for kind, one in dishonest.items()}


def test_an_honest_proof_is_audited(backend: Backend, verifier: Verifier) -> None:
    for verdict in verifier.audit(backend.honest):
        assert (verdict.verdict, verdict.reason, verdict.trust) == ("accepted", "proved", backend.trust)
        assert verdict.accepted == (backend.trust == "audited")
        assert verdict.axioms == ()
        assert [message.level for message in verdict.messages] == ([] if verdict.accepted else ["warning"])
        assert verdict.prover.startswith(backend.name)
        assert verdict.seconds > 0


def test_what_is_refused_has_no_trust_and_says_why(backend: Backend, verifier: Verifier) -> None:
    for verdict in verifier.audit([one.candidate for one in refused(backend).values()]):
        assert verdict.trust == "none"
        assert verdict.messages[0].level == "error"
        assert verdict.messages[0].text


def test_a_warm_success_is_not_accepted(backend: Backend, verifier: Verifier) -> None:
    for verdict in verifier.check(backend.honest):
        assert (verdict.verdict, verdict.trust, verdict.accepted) == ("accepted", "elaborated", False)


def test_an_empty_batch_has_no_answers(verifier: Verifier) -> None:
    assert (verifier.check([]), verifier.audit([])) == ([], [])


def test_a_verdict_is_a_function_of_the_content(backend: Backend, verifier: Verifier) -> None:
    """The same answers the second time, in another order, and from a verifier that has seen nothing."""
    batch = [*backend.honest, *(one.candidate for kind, one in refused(backend).items() if kind != "hang")]
    first = {
        "check": list(map(essence, verifier.check(batch))),
        "audit": list(map(essence, verifier.audit(batch))),
    }
    order = list(range(len(batch)))
    random.Random(3).shuffle(order)
    fresh = made(backend)
    try:
        for one in (verifier, fresh):
            for kind, method in {"check": one.check, "audit": one.audit}.items():
                shuffled = method([batch[at] for at in order])
                assert [essence(verdict) for verdict in shuffled] == [first[kind][at] for at in order], kind
                assert essence(method([batch[0]])[0]) == first[kind][0]
    finally:
        fresh.close()


def test_replay_gives_the_open_goals(backend: Backend, verifier: Verifier) -> None:
    for place in places(backend):
        replay = verifier.replay(place.candidate)
        assert replay.ok, place.candidate.proof
        assert (replay.open, replay.focused) == (place.open, place.focused), place.candidate.proof
        assert len(replay.goals) in (place.open, place.focused)
        if place.open:
            assert tuple(one.name for one in replay.goals[0].hypotheses) == place.hypotheses


def test_replay_is_repeatable(backend: Backend, verifier: Verifier) -> None:
    def goals() -> list[object]:
        return [verifier.replay(place.candidate).goals for place in places(backend)]

    assert goals() == goals()


def test_a_failure_has_its_place_in_the_text(backend: Backend, verifier: Verifier) -> None:
    text = backend.broken.proof
    at = text.index(backend.broken_at)
    replay = verifier.replay(backend.broken)
    messages = [replay.messages[0], verifier.check([backend.broken])[0].messages[0]]
    messages.append(verifier.audit([backend.broken])[0].messages[0])
    for message in messages:
        assert message.level == "error"
        assert message.start <= at < message.end
    assert not replay.ok
    assert (replay.open, len(replay.goals)) == (1, 1)


def test_what_a_replay_may_not_say_is_refused(backend: Backend, verifier: Verifier) -> None:
    for kind in ("forbidden", "malformed"):
        replay = verifier.replay(backend.refused[kind].candidate)
        assert (replay.ok, replay.goals) == (False, ())
        assert replay.messages[0].start == -1


def test_lemmas_that_a_proof_needs_are_its_uses(backend: Backend, verifier: Verifier) -> None:
    candidate = backend.by_lemma
    name = candidate.lemmas[0].canonical_name
    assert verifier.check([candidate])[0].uses == (name,)
    verdict = verifier.audit([candidate])[0]
    assert (backend.believes(verdict), verdict.uses) == (True, (name,)), verdict.messages
    assert verifier.audit([replace(candidate, lemmas=())])[0].verdict != "accepted"


def test_a_lemma_with_a_wrong_proof_is_assumed_in_a_check_and_helps_nobody(
    backend: Backend, verifier: Verifier
) -> None:
    candidate = backend.by_lemma
    wrong = replace(candidate.lemmas[0], proof=backend.refused["does not compile"].candidate.proof)
    candidate = replace(candidate, lemmas=(wrong, candidate.lemmas[1]))
    assert verifier.check([candidate])[0].verdict == "accepted"
    verdict = verifier.audit([candidate])[0]
    assert verdict.verdict != "accepted"


def test_a_statement_is_read_and_written_back(backend: Backend, verifier: Verifier) -> None:
    if "elaborate" in backend.undecided:
        pytest.skip(backend.undecided["elaborate"])
    problem = backend.honest[0].problem
    goal = verifier.parse_goal(backend.goal_text, problem.header)
    assert goal.hypotheses == ()
    written = replace(problem, formal_statement=backend.says(verifier.render_statement(goal.conclusion)))
    first, second = verifier.elaborate([problem, written])
    assert isinstance(first, Elaboration)
    assert isinstance(second, Elaboration)
    assert first.statement_exact == second.statement_exact
    with pytest.raises(ValueError, match=r"\S"):
        verifier.parse_goal("this is ) not a goal", problem.header)


def test_closing_leaves_nothing_and_use_goes_on_afterwards(backend: Backend) -> None:
    before = ours()
    one = made(backend)
    for _ in range(2):
        assert one.check([backend.honest[0]])[0].trust == "elaborated"
        assert backend.believes(one.audit([backend.honest[1]])[0])
        one.check([backend.refused["hang"].candidate])
        assert one.replay(backend.places[1].candidate).ok
        one.close()
        children, folders = ours()
        assert (children - before[0], folders - before[1]) == (set(), set())
    one.close()
