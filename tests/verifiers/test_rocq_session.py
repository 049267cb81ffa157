"""A warm session: what it reports, that it forgets, and what it survives."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from verifiers.audit import sandbox as sandbox_module
from verifiers.audit.sandbox import Limits
from verifiers.rocq import answers
from verifiers.rocq import session as session_module
from verifiers.rocq.answers import Answer
from verifiers.rocq.document import Outcome
from verifiers.rocq.idetop import Idetop
from verifiers.rocq.session import Session

HEADER = """Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => b | Succ x => Succ (plus x b) end."""
PROVED = "Lemma t : forall x, plus x Zero = x. Proof. induction x; simpl; congruence. Qed."


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session() as warm:
        assert warm.load(HEADER).ok
        yield warm


def test_a_proof_is_accepted(session: Session) -> None:
    outcome = session.run(PROVED)
    assert outcome.ok
    assert outcome.reason is None
    assert not outcome.proof_open


def test_a_run_leaves_nothing_behind(session: Session) -> None:
    assert session.run(f"{PROVED} Ltac mine := idtac. Notation two := (Succ (Succ Zero)). Axiom a : False.").ok
    assert "not found" in session.run("Check t.").error
    assert "not found" in session.run("Check two.").error
    assert session.run(PROVED).ok


def test_open_goals_are_printed_in_full(session: Session) -> None:
    outcome = session.run("Lemma t : forall x, plus x Zero = x. induction x. reflexivity.")
    assert outcome.ok
    assert outcome.proof_open
    assert [goal.hypotheses for goal in outcome.goals] == [("x : N", "IHx : @eq N (plus x Zero) x")]
    assert outcome.goals[0].conclusion == "@eq N (plus (Succ x) Zero) (Succ x)"


BEGUN = ("Lemma t : forall x, plus x Zero = x.", "Proof.", "induction x.")


def test_steps_behind_a_beginning_see_it_and_leave_nothing_behind(session: Session) -> None:
    def left(before: tuple[str, ...], tactic: str) -> list[str]:
        outcome = session.step(before, tactic)
        assert outcome.ok
        return [goal.conclusion for goal in outcome.goals[: outcome.focused]]

    zero, next_ = "@eq N (plus Zero Zero) Zero", "@eq N (plus (Succ x) Zero) (Succ x)"
    assert left(BEGUN, "idtac.") == [zero, next_]
    assert left(BEGUN, "reflexivity.") == [next_]
    assert left((*BEGUN, "2: {"), "simpl.") == ["@eq N (Succ (plus x Zero)) (Succ x)"]
    assert left(BEGUN[:2], "intros y.") == ["@eq N (plus y Zero) y"]
    assert not session.step(BEGUN, "exact foo.").ok
    assert left(BEGUN, "idtac.") == [zero, next_]
    assert "not found" in session.step((*BEGUN, "apply foo."), "idtac.").error
    assert left(BEGUN, "reflexivity.") == [next_]
    assert session.run(PROVED).ok
    assert session.extend("Definition three := Succ (Succ (Succ Zero)).").ok
    assert left((*BEGUN, "reflexivity."), "pose three.") == [next_]


def test_steps_go_on_behind_their_beginning_in_a_new_process(session: Session) -> None:
    assert session.step(BEGUN, "idtac.").ok
    assert session.step(BEGUN, "repeat pose proof tt.", 0.2).reason in ("timeout", "memory")
    assert session.pid is None or session.step(BEGUN, "reflexivity.").ok
    if session.pid is not None:
        os.kill(session.pid, signal.SIGKILL)
    session.step(BEGUN, "idtac.")
    assert len(session.step(BEGUN, "idtac.").goals) == 2


def test_each_of_some_steps_has_its_limit(session: Session) -> None:
    began = session.cpu_seconds
    endless = session.steps(("Goal True.",), ("repeat (assert True by exact I).", "exact I."), 0.5)
    assert (endless.ok, endless.reason) == (False, "timeout")
    assert session.cpu_seconds - began < 10
    ended = session.steps(("Goal True /\\ True.",), ("split.", "all: exact I."), 5.0)
    assert ended.ok
    assert ended.focused == 0


def test_notices_are_read_alike_with_and_without_a_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `Print` of a definition with a match has vertical boxes, what `Search` says has none."""
    texts = ("Search plus. Search N. Check fun x => plus x x = Zero.", "Print plus. Print N.")
    read_flat = answers.notices

    def said() -> list[list[str]]:
        with Session() as warm:
            assert warm.load(HEADER).ok
            return [[one.text for one in warm.run(f"Set Printing All. {text}").messages] for text in texts]

    flat: list[int] = []

    def counting(data: bytes) -> tuple[list[answers.IdetopMessage], bytes]:
        found = read_flat(data)
        flat.append(len(found[0]))
        return found

    def none(data: bytes) -> tuple[list[answers.IdetopMessage], bytes]:
        return [], data

    monkeypatch.setattr(answers, "notices", counting)
    quickly = said()
    assert any("<" not in one and "forall" in one for one in quickly[0])
    assert sum(flat) == len(quickly[0]) - 1 > 2  # all but the warning about `Set`; none of the other text
    monkeypatch.setattr(answers, "notices", none)
    assert said() == quickly


def test_goals_out_of_focus_are_open_too(session: Session) -> None:
    outcome = session.run("Lemma t : True /\\ (True /\\ True). split. - ")
    assert len(outcome.goals) == 2


def test_an_error_has_its_place_and_the_goals_before_it(session: Session) -> None:
    text = "Lemma t : forall (é : N), é = é. intros é. (* ü *) apply foo. reflexivity. Qed."
    outcome = session.run(text)
    assert not outcome.ok
    assert outcome.reason == "does_not_compile"
    assert outcome.failed_at == text.index("apply")
    error = next(message for message in outcome.messages if message.level == "error")
    assert text[error.start : error.end] == "foo"
    assert [goal.conclusion for goal in outcome.goals] == ["@eq N é é"]


def test_a_syntax_error_after_a_failing_tactic_is_not_the_first_error(session: Session) -> None:
    text = "Lemma t : True. apply foo. )))."
    assert session.run(text).failed_at == text.index("apply")


def test_the_kernel_has_the_last_word(session: Session) -> None:
    text = "Lemma t : Zero = Succ Zero. vm_cast_no_check (eq_refl Zero). Qed."
    outcome = session.run(text)
    assert not outcome.ok
    assert outcome.failed_at == text.index("Qed")


def test_queries_are_answered(session: Session) -> None:
    outcome = session.run("Eval vm_compute in plus (Succ Zero) (Succ Zero). Axiom a : False. Print Assumptions a.")
    assert [" ".join(message.text.split()) for message in outcome.messages] == [
        "= Succ (Succ Zero) : N",
        "Axioms: a : False",
    ]


def test_positions_are_those_of_the_text_and_not_of_what_stands_before(session: Session) -> None:
    outcome = session.run("exact foo. Qed.", before="Lemma t : True. Proof.")
    assert (outcome.failed_at, outcome.messages[0].start) == (0, 6)


def test_an_endless_tactic_is_interrupted(session: Session) -> None:
    process = session.pid
    text = "Lemma t : True. let rec f x := f x in f 0. Qed. Check 0."
    outcome = session.run(text, seconds=0.2)
    assert outcome.reason == "timeout"
    assert outcome.failed_at == text.index("let")
    assert session.run(PROVED).ok
    assert session.pid == process


def test_a_prover_is_interrupted_where_the_signal_is_blocked() -> None:
    """As in Ray's workers; a prover that had to be killed would be started anew for the next run."""
    spawner = sandbox_module._spawner  # pyright: ignore[reportPrivateUsage]
    before = spawner.submit(signal.pthread_sigmask, signal.SIG_BLOCK, [signal.SIGINT]).result()
    try:
        with Session() as session:
            assert session.load(HEADER).ok
            assert session.run("Lemma t : True. let rec f x := f x in f 0.", seconds=0.2).reason == "timeout"
            assert session.run(PROVED).ok
            assert session.processes == 1
        assert signal.SIGINT in spawner.submit(signal.pthread_sigmask, signal.SIG_BLOCK, []).result()
    finally:
        spawner.submit(signal.pthread_sigmask, signal.SIG_SETMASK, before).result()


def test_a_prover_that_dies_of_its_interruption_has_reached_the_limit(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "SIGINT", signal.SIGKILL)
    assert session.run("Lemma t : True. let rec f x := f x in f 0. Qed.", seconds=0.2).reason == "timeout"
    assert session.run(PROVED).ok


def test_a_flood_of_output_costs_that_process_alone() -> None:
    with Session(Limits(output_bytes=100_000, memory_bytes=2 << 30)) as warm:
        assert warm.load(HEADER).ok
        assert warm.run('Lemma t : True. do 100000 (idtac "AAAAAAAAAAAAAAAAAAAAAAAAAAAA").').reason == "output"
        assert warm.run(PROVED).ok
        assert warm.processes == 2


def test_a_process_that_dies_is_replaced(session: Session) -> None:
    assert session.run(PROVED).ok
    before = session.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    assert session.run(PROVED).ok
    assert session.pid != before


def test_what_a_dying_process_was_asked_is_asked_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    deaths, deadly = 0, ""
    add = Idetop.add

    def dies(process: Idetop, sentence: str) -> Answer:
        nonlocal deaths
        if deaths and deadly in sentence:
            deaths -= 1
            os.kill(process.pid, signal.SIGKILL)
        return add(process, sentence)

    monkeypatch.setattr(Idetop, "add", dies)
    with Session() as session:
        assert session.load(HEADER).ok
        asked: list[tuple[str, Callable[[], Outcome]]] = [
            ("congruence", lambda: session.run(PROVED)),
            ("reflexivity", lambda: session.step(BEGUN, "reflexivity.")),
            ("reflexivity", lambda: session.step((*BEGUN, "reflexivity."), "idtac.")),
            ("three", lambda: session.extend("Definition three := Succ (Succ (Succ Zero)).")),
            ("Fixpoint", lambda: session.load(HEADER)),
        ]
        for word, ask in asked:
            deadly = word
            for deaths, reason in ((2, "prover_error"), (1, None)):
                assert (ask().reason, deaths) == (reason, 0)
        assert session.run(PROVED).ok


def test_a_worn_out_process_is_replaced(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    assert session.run(PROVED).ok
    before = session.pid
    monkeypatch.setattr(session_module, "RUNS_PER_PROCESS", 1)
    assert session.run(PROVED).ok
    assert session.pid != before


def test_memory_is_limited() -> None:
    bomb = "Fixpoint big (n : nat) (x : list nat) := match n with 0 => x | S m => big m (app x x) end."
    with Session(Limits(memory_bytes=700 << 20)) as warm:
        outcome = warm.run(f"{bomb} Definition v := Eval vm_compute in big 40 (cons 0 nil).", seconds=20)
        assert not outcome.ok
        assert outcome.reason in ("memory", "prover_error")
        assert warm.run("Check 0.").ok


def test_a_base_that_does_not_load_is_reported() -> None:
    with Session() as warm:
        outcome = warm.load("Definition a := b.")
        assert not outcome.ok
        assert "b was not found" in outcome.error
        assert warm.load("Lemma open : True.").reason == "does_not_compile"
        assert warm.run("Check 0.").ok


def test_a_base_can_be_changed() -> None:
    with Session() as warm:
        assert warm.load("Definition a := 0.").ok
        assert warm.load("Definition b := 0.").ok
        assert warm.run("Check b.").ok
        assert not warm.run("Check a.").ok


def test_cpu_seconds_add_up_over_processes(session: Session) -> None:
    before = session.cpu_seconds
    outcome = session.run("Lemma t : True. let rec f x := f x in f 0.", seconds=0.1)
    assert session.cpu_seconds >= before
    assert outcome.cpu_seconds >= 0.1
