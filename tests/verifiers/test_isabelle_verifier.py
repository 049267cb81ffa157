"""What is Isabelle's own: the server and its sessions, places in symbols, and trust that ends at `elaborated`.

What every backend promises is tested in `test_contract`, also against the stand-in. A real Isabelle is asked where the
environment names one (docs/isabelle.md).
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from domain import Candidate, Const, Development, Elaboration, Lemma, OutsideError, Problem, UserError, Verdict
from library_store.library import Library
from tests.verifiers.isabelle_stand_in import StandIn, installed, running
from verifiers.audit.isabelle.client import CommandError
from verifiers.audit.isabelle.server import Server, open_server
from verifiers.audit.isabelle.session import Session
from verifiers.audit.isabelle.settings import IsabelleSettings
from verifiers.audit.sandbox import Sandbox
from verifiers.isabelle.verifier import IsabelleVerifier

PROBLEM = Problem(
    "goal",
    "isabelle",
    'theory Cheats imports Main "HOL-Library.Multiset"\nbegin\n',
    'theorem goal:\n  fixes n :: nat\n  assumes "n > 0"\n  shows "n \\<noteq> 0"',
)
GOAL = f"{PROBLEM.formal_statement}\n"


def offer(proof: str, lemmas: tuple[Lemma, ...] = (), problem: Problem = PROBLEM) -> Candidate:
    return Candidate(problem, proof, lemmas)


def lemma(identity: str, proof: str = "by simp") -> Lemma:
    return Lemma(
        id=identity * 16, revision=1, prover="isabelle", name=identity, prelude_id="", definition_ids=(),
        statement='"0 < Suc n"', statement_exact='"0 < Suc n"', term=Const(identity), proof=proof, uses=(),
        dedup_key=identity, origin_kind="", origins=("goal",), parents=(), operator="", round=1, attempt_id="",
        prover_version="",
    )  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running(tmp_path_factory.mktemp("server")) as one:
        yield one


@pytest.fixture
def verifier(server: StandIn) -> Iterator[IsabelleVerifier]:
    server.play()
    one = IsabelleVerifier(server.settings())
    yield one
    one.close()


def kinds(verdicts: list[Verdict]) -> list[tuple[str, str]]:
    return [(verdict.verdict, verdict.reason) for verdict in verdicts]


HONEST = (
    "using assms by simp",
    "proof -\n  show ?thesis using assms by auto\nqed",
    f'lemma h: "True"\n  by simp\n\n{GOAL}  using h assms by simp',
    f'theory Mine imports Main begin\ndefinition one :: nat where "one = 1"\n{GOAL}  using assms by simp\nend',
    f'(* sorry *) text ‹about "ML"› {GOAL}  by (metis assms)',
)
PROVED = ("accepted", "proved")
FAILED = ("rejected", "does_not_compile")
TIMEOUT = ("timeout", "timeout")


# ----------------------------------------------------------------------------------------------------------- trust


def test_a_stand_in_is_never_believed(verifier: IsabelleVerifier) -> None:
    for recheck in (False, True):
        for verdict in verifier.audit([offer(proof) for proof in HONEST], recheck=recheck):
            assert (verdict.verdict, verdict.trust, verdict.accepted) == ("accepted", "elaborated", False)
            assert "no release of Isabelle" in verdict.messages[-1].text
            assert verdict.prover == "isabelle Isabelle2025-2 (stand-in)"


def test_a_library_is_rechecked_lemma_by_lemma(verifier: IsabelleVerifier) -> None:
    good, other, bad = lemma("a"), lemma("b"), lemma("c", "using undefined_fact by simp")
    told = verifier.recheck(Development(PROBLEM.header, "", (good, other)))
    assert (told.verdict, told.trust, told.accepted) == ("accepted", "elaborated", False)
    assert "no release of Isabelle" in told.messages[-1].text
    told = verifier.recheck(Development(PROBLEM.header, "", (good, bad)))
    assert (told.verdict, told.reason) == ("rejected", "does_not_compile")


def test_the_library_refuses_what_a_stand_in_proved(verifier: IsabelleVerifier, tmp_path: Path) -> None:
    verdict = verifier.audit([offer(HONEST[0])])[0]
    library = Library(tmp_path)
    try:
        answer = library.insert(lemma("a"), verdict)
        assert (answer.reason, answer.new) == ("not_audited", False)
    finally:
        library.close()


def test_the_audit_speaks_the_ml_that_the_server_understands(verifier: IsabelleVerifier, server: StandIn) -> None:
    failed = {"status": {"ok": False, "failed": 1}, "messages": [{"kind": "error", "message": "Type error"}]}
    server.play({"when": "name: string, _: int", "nodes": {"P": failed, "A": failed}})  # so an older release
    assert kinds(verifier.audit([offer(HONEST[0])])) == [PROVED]
    server.play({"when": "fact_of", "nodes": {"P": failed}})
    other = IsabelleVerifier(verifier.settings)
    with pytest.raises(OutsideError, match="the names of each fact"):
        other.check([offer(HONEST[0])])
    other.close()


# --------------------------------------------------------------------------------------------------------- batches


def test_one_candidate_that_kills_the_server_costs_itself_alone(tmp_path: Path) -> None:
    """The server is gone for good then, as it is not ours; with one of ours the next question finds a new one."""
    with running(tmp_path) as server:
        server.play({"when": "kills_it", "task": "drop"})
        verifier = IsabelleVerifier(server.settings())
        batch = [offer(HONEST[0]), offer("using kills_it by simp"), offer(HONEST[1])]
        assert kinds(verifier.check(batch)) == [PROVED, ("error", "prover_error"), PROVED]
        verifier.close()


def test_a_method_that_cannot_be_stopped_costs_its_session(verifier: IsabelleVerifier, server: StandIn) -> None:
    server.play({"when": "for_good", "task": "stuck"})
    settings = replace(verifier.settings, check_seconds=0.2)
    other = IsabelleVerifier(settings)
    assert kinds(other.check([offer("by for_good")])) == [TIMEOUT]
    server.play()
    assert kinds(other.check([offer(HONEST[0])])) == [PROVED]
    other.close()


def test_a_loop_costs_the_next_candidate_nothing(verifier: IsabelleVerifier) -> None:
    """At the limit the server says FINISHED and `ok`, and what is asked of the session next waits behind the loop."""
    assert kinds(verifier.check([offer("by loops_forever")])) == [TIMEOUT]
    assert kinds(verifier.check([offer(HONEST[0])])) == [PROVED]


def test_a_session_whose_ml_process_died_costs_the_next_candidate_nothing(
    verifier: IsabelleVerifier, server: StandIn
) -> None:
    server.play({"when": "the_killer", "task": "kill_ml"})
    assert kinds(verifier.check([offer("by the_killer")])) == [PROVED]
    assert kinds(verifier.check([offer(HONEST[0])])) == [PROVED]


def test_a_server_that_died_between_two_questions_is_started_again(command: str) -> None:
    settings = IsabelleSettings(command=(command,), check_seconds=0.5, start_seconds=30)
    opened: list[Server] = []

    def open_one() -> Server:
        opened.append(open_server(settings, Sandbox()))
        return opened[-1]

    session = Session(settings, open_one)
    texts = {"T1": 'theory T1 imports "Main"\nbegin\nend\n'}
    assert session.use(texts, ["T1"], 5).nodes["T1"].clean
    opened[0].client.command("shutdown", None, 5)
    assert session.use(texts, ["T1"], 5).nodes["T1"].clean
    session.close()


def test_theories_that_are_not_yet_consolidated_are_asked_for_again(
    verifier: IsabelleVerifier, server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends a task when nothing is left to run, which is before its theories are consolidated."""
    server.play({"early": 4})
    assert kinds(verifier.check([offer(HONEST[0]), offer(HONEST[1])])) == [PROVED, PROVED]
    assert kinds(verifier.audit([offer(HONEST[2])])) == [PROVED]
    server.play({"early": 1_000})
    monkeypatch.setattr("verifiers.audit.isabelle.session.CONSOLIDATION_SECONDS", 0.3)
    assert kinds(verifier.check([offer(HONEST[3])])) == kinds(verifier.audit([offer(HONEST[3])])) == [TIMEOUT]


def test_candidates_of_different_sessions_are_asked_apart(verifier: IsabelleVerifier) -> None:
    other = replace(PROBLEM, header='theory X imports Main "HOL-Number_Theory.Number_Theory" begin')
    missing = replace(PROBLEM, header="theory X imports Missing begin")
    batch = [offer(HONEST[0]), offer(HONEST[0], problem=other), offer(HONEST[0], problem=missing), offer(HONEST[1])]
    assert kinds(verifier.check(batch)) == [PROVED, PROVED, ("error", "does_not_compile"), PROVED]


def test_more_candidates_than_one_question_takes(server: StandIn) -> None:
    server.play()
    verifier = IsabelleVerifier(server.settings(batch=3, audits_per_session=4))
    batch = [offer(f"{proof} (* {number} *)") for number, proof in enumerate(HONEST[:2] * 4)]
    assert kinds(verifier.check(batch)) == kinds(verifier.audit(batch)) == [PROVED] * 8
    verifier.close()


def test_a_verdict_is_remembered_but_a_timeout_is_not(verifier: IsabelleVerifier, server: StandIn) -> None:
    assert kinds(verifier.check([offer("by at_last"), offer("by loops_forever")])) == [PROVED, TIMEOUT]
    server.play({"when": "at_last", "audit": {"same": False}})
    assert kinds(verifier.check([offer("by at_last")])) == [PROVED]
    assert kinds(verifier.audit([offer("by at_last")])) == [("rejected", "wrong_statement")]


def test_an_answer_of_megabytes_does_not_matter(verifier: IsabelleVerifier, server: StandIn) -> None:
    server.play({"padding": 1_000_000, "chatter": True})
    settings = replace(verifier.settings, check_seconds=20)
    other = IsabelleVerifier(settings)
    assert kinds(other.check([offer(HONEST[0])])) == [PROVED]
    other.close()


# -------------------------------------------------------------------------------------------------------- sessions


def test_a_session_that_the_server_forgot_is_started_again(verifier: IsabelleVerifier, server: StandIn) -> None:
    assert kinds(verifier.check([offer(HONEST[0])])) == [PROVED]
    server.play({"forget": True})
    assert kinds(verifier.check([offer(HONEST[1])])) == [PROVED]


def test_another_server_does_not_take_over_a_session_that_was_lost(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        verifier = IsabelleVerifier(server.settings())
        assert kinds(verifier.check([offer(HONEST[0])])) == [PROVED]
        server.play({"forget": True, "greeting": {"isabelle_name": "Isabelle1789 (stand-in)"}})
        with pytest.raises(OutsideError, match=r"was 'Isabelle2025-2 .stand-in.' and is 'Isabelle1789"):
            verifier.check([offer(HONEST[1])])
        verifier.close()


def test_an_old_server_has_one_session_at_a_time(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        server.play({"greeting": {"isabelle_version": "Isabelle2020 (stand-in): April 2020"}})
        verifier = IsabelleVerifier(server.settings())
        for number in range(2):
            assert kinds(verifier.check([offer(f"{HONEST[0]} (* {number} *)")])) == [PROVED]
            assert kinds(verifier.audit([offer(f"{HONEST[0]} (* {number} *)")])) == [PROVED]
        verifier.close()


def test_a_client_that_is_killed_leaves_no_session_behind(server: StandIn, repository: Path) -> None:
    server.play()
    known = server.settings()
    program = f"""
import os, signal
from pathlib import Path
from verifiers.audit.isabelle.server import open_server
from verifiers.audit.isabelle.settings import IsabelleSettings
from verifiers.audit.isabelle.session import Session
from verifiers.audit.sandbox import Sandbox
settings = IsabelleSettings(server={known.server!r}, password_file=Path({str(known.password_file)!r}))
session = Session(settings, lambda: open_server(settings, Sandbox()))
session.use({{"T1": "theory T1 imports Main begin end"}}, ["T1"], 5)
print(session._id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, cwd=repository, stdout=subprocess.PIPE, text=True, check=False)
    identity = ran.stdout.strip()
    assert (ran.returncode, len(identity)) == (-9, 36)
    client = server.client()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(CommandError):
            client.command("purge_theories", {"session_id": identity}, 5)
            time.sleep(0.1)
            continue
        break
    with pytest.raises(CommandError, match="No session"):
        client.command("purge_theories", {"session_id": identity}, 5)
    client.close()


def test_audits_share_a_fresh_session_and_our_own_questions_cost_none(
    verifier: IsabelleVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Server] = []

    def counting(settings: IsabelleSettings, sandbox: Sandbox) -> Server:
        started.append(open_server(settings, sandbox))
        return started[-1]

    monkeypatch.setattr("verifiers.audit.isabelle.judge.open_server", counting)
    problem = replace(PROBLEM, header="theory Cheats imports Main begin")
    assert kinds(verifier.audit([offer(proof, problem=problem) for proof in HONEST])) == [PROVED] * len(HONEST)
    assert len(started) == 1
    assert kinds(verifier.audit([offer("using assms by linarith", problem=problem)])) == [PROVED]
    assert len(started) == 2
    assert kinds(verifier.check([offer("using assms by linarith", problem=problem)])) == [PROVED]
    assert kinds(verifier.audit([offer("using assms by arith", problem=problem)])) == [PROVED]
    assert len(started) == 4


def test_audits_that_have_to_be_asked_again_share_a_session_too(
    verifier: IsabelleVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Server] = []

    def counting(settings: IsabelleSettings, sandbox: Sandbox) -> Server:
        started.append(open_server(settings, sandbox))
        return started[-1]

    monkeypatch.setattr("verifiers.audit.isabelle.judge.open_server", counting)
    problem = replace(PROBLEM, header="theory Cheats imports Main begin")
    missing = replace(PROBLEM, header="theory X imports Missing begin")
    batch = [offer(HONEST[0], problem=missing), *(offer(proof, problem=problem) for proof in HONEST)]
    assert kinds(verifier.audit(batch)) == [("error", "does_not_compile"), *[PROVED] * len(HONEST)]
    assert len(started) == 2
    loop = offer("by loops_forever", problem=problem)
    assert kinds(verifier.audit([loop, *(offer(f"{proof} (* 2 *)", problem=problem) for proof in HONEST[:2])])) == [
        TIMEOUT, PROVED, PROVED,
    ]  # fmt: skip


def test_theories_are_purged_and_nothing_is_left(server: StandIn) -> None:
    server.play()
    settings, opened = server.settings(), list[Server]()

    def open_one() -> Server:
        opened.append(open_server(settings, Sandbox()))
        return opened[-1]

    session = Session(settings, open_one)
    texts = {"T1": 'theory T1 imports "Main"\nbegin\nend\n', "T2": 'theory T2 imports "T1"\nbegin\nend\n'}
    assert session.use(texts, ["T2"], 5).nodes["T2"].clean
    assert list(opened[0].folder.iterdir()) == []
    folder = opened[0].folder
    session.close()
    assert (opened[0].client.closed, folder.exists()) == (True, False)
    assert session.use(texts, ["T2"], 5).kind == "finished"
    assert len(opened) == 2
    session.close()


def test_a_session_that_does_not_start_is_one_line(server: StandIn) -> None:
    verifier = IsabelleVerifier(server.settings(session="Missing"))
    with pytest.raises(OutsideError, match="isabelle build -b Missing") as error:
        verifier.check([offer(HONEST[0])])
    assert "\n" not in str(error.value)
    verifier.close()


# ------------------------------------------------------------------------------------------- lemmas, uses, replays


def test_a_lemma_with_ml_in_its_proof_is_refused(verifier: IsabelleVerifier) -> None:
    bad = lemma("a", "by (tactic ‹all_tac›)")
    verdict = verifier.check([offer(f"using {bad.canonical_name} by simp", (bad,))])[0]
    assert verdict.reason == "forbidden_construct"


@pytest.mark.parametrize("before", ["", "(* ∀ \\<forall> é *) ", f'lemma h: "True" by simp\n{GOAL}', "theory"])
def test_a_failure_has_its_place_in_the_text(verifier: IsabelleVerifier, before: str) -> None:
    text = f"{before}using undefined_fact by simp"
    if before == "theory":
        text = f'theory X imports Main begin lemma ∀h: "True" by simp\n{GOAL} using undefined_fact by simp\nend'
    for verdict in (verifier.check([offer(text)])[0], verifier.audit([offer(text)])[0]):
        message = verdict.messages[0]
        assert text[message.start : message.end] == "undefined_fact"


def test_a_replay_reads_the_goals_after_a_prefix(verifier: IsabelleVerifier, server: StandIn) -> None:
    server.play({"when": "goal", "state": "proof (prove)\ngoal (2 subgoals):\n 1. \\<And>x. A x\n 2. B"})
    replay = verifier.replay(offer("proof (cases n)"))
    assert (replay.ok, replay.open, replay.focused, len(replay.goals)) == (True, 2, 2, 2)
    assert [one.name for one in replay.goals[0].hypotheses] == ["x"]
    failed = verifier.replay(offer("proof -\n  show ?thesis using undefined_fact by simp"))
    assert not failed.ok
    assert failed.messages[0].start == len("proof -\n  show ?thesis using ")


def test_the_canonical_form_of_a_problem_is_its_text_in_one_line(verifier: IsabelleVerifier) -> None:
    answer, none = verifier.elaborate([PROBLEM, replace(PROBLEM, header="theory")])
    assert isinstance(answer, Elaboration)
    assert answer.statement_exact == 'fixes n :: nat assumes "n > 0" shows "n \\<noteq> 0"'
    assert isinstance(none, Verdict)
    assert (none.verdict, none.reason) == ("error", "malformed")


def test_a_problem_that_the_server_does_not_take_is_told_before_it_is_tried(verifier: IsabelleVerifier) -> None:
    missing = replace(PROBLEM, header="theory X imports Missing begin")
    header = replace(PROBLEM, header='theory X imports Main begin lemma a: "True" by undefined_fact')
    statement = replace(PROBLEM, formal_statement='theorem goal: "undefined_fact"')
    good, *bad = verifier.elaborate([PROBLEM, missing, header, statement])
    assert isinstance(good, Elaboration)
    said = [one.messages[0].text if isinstance(one, Verdict) else "" for one in bad]
    assert said[0] == "the header: Cannot load theory file Missing"
    assert said[1].startswith('the header: Undefined fact: "undefined_fact"')
    assert said[2].startswith('the statement: Undefined fact: "undefined_fact"')


# ------------------------------------------------------------------------------------------------- our own server


@pytest.fixture
def command() -> Iterator[str]:
    try:
        with installed() as program:
            yield program
    except OutsideError as missing:
        pytest.skip(str(missing))


def test_a_server_of_our_own_runs_in_a_box_without_a_network(command: str) -> None:
    settings = IsabelleSettings(command=(command,), check_seconds=0.5, audit_seconds=0.5, start_seconds=30)
    verifier = IsabelleVerifier(settings)
    batch = [offer(HONEST[0]), offer("using undefined_fact by simp"), offer("by loops_forever"), offer(HONEST[1])]
    assert kinds(verifier.check(batch)) == [PROVED, FAILED, TIMEOUT, PROVED]
    assert kinds(verifier.audit(batch[:2], recheck=True)) == [PROVED, FAILED]
    assert verifier.sandbox_note() == Sandbox().degraded
    assert verifier.cpu_seconds() > 0
    verifier.close()


def test_a_server_that_does_not_start_says_why() -> None:
    for program, said in (("/bin/false", "does not start"), ("no_such_isabelle", "is missing")):
        verifier = IsabelleVerifier(IsabelleSettings(command=(program,), start_seconds=30))
        with pytest.raises(OutsideError, match=said) as error:
            _ = verifier.version
        assert "\n" not in str(error.value)


def test_settings_that_lead_nowhere_are_one_line(tmp_path: Path) -> None:
    wrong = [
        IsabelleSettings(server="127.0.0.1:1"),
        IsabelleSettings(server="127.0.0.1:x", password_file=tmp_path),
        IsabelleSettings(server="127.0.0.1:1", password_file=tmp_path / "missing"),
    ]
    for settings in wrong:
        with pytest.raises(UserError) as error:
            _ = IsabelleVerifier(settings).version
        assert "\n" not in str(error.value)


def test_a_server_by_name_must_run(command: str) -> None:
    with pytest.raises(OutsideError, match="no Isabelle server is named 'mine'"):
        _ = IsabelleVerifier(IsabelleSettings(command=(command,), server="mine")).version


def test_the_environment_names_a_command_or_a_server() -> None:
    known = {"LEMMARY_ISABELLE": "nice isabelle", "LEMMARY_ISABELLE_SESSION": "HOL-Number_Theory"}
    settings = IsabelleSettings.from_environment(known)
    assert (settings.command, settings.session) == (("nice", "isabelle"), "HOL-Number_Theory")
    assert settings.found
    assert not IsabelleSettings(command=("no_such_isabelle",)).found


# -------------------------------------------------------------------------------------------------- a real Isabelle


@pytest.fixture(scope="module")
def real() -> Iterator[IsabelleVerifier]:
    if not any(os.environ.get(name) for name in ("LEMMARY_ISABELLE", "LEMMARY_ISABELLE_SERVER")):
        pytest.skip("no real Isabelle: name one in LEMMARY_ISABELLE or LEMMARY_ISABELLE_SERVER (docs/isabelle.md)")
    one = IsabelleVerifier(IsabelleSettings.from_environment())
    assert one.release is not None, f"{one.version} is no release that the audit is written for"
    yield one
    one.close()


def test_a_real_isabelle_rechecks(real: IsabelleVerifier) -> None:
    assert real.audit([offer(HONEST[0])], recheck=True)[0].trust == "rechecked"


def test_a_real_isabelle_sees_an_oracle_that_is_not_allowed(real: IsabelleVerifier) -> None:
    assert kinds(real.audit([offer("using assms by eval")])) == [FAILED]
    two = replace(PROBLEM, formal_statement='theorem goal: "(2 :: nat) + 2 = 4"')
    assert real.audit([offer("by eval", problem=two)])[0].reason == "axiom"
    allowed = replace(two, allowed_axioms=("holds_by_evaluation",))
    assert real.audit([offer("by eval", problem=allowed)])[0].accepted
