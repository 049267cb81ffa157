"""Terms: what Rocq prints is read, what is written Rocq reads back, and the algebra captures nothing."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import App, Branch, Const, Fix, FixFunction, Forall, Hypothesis, Lambda, Let, Match, Sort, Term, Var
from term_algebra import alpha_normal, constants, free_variables, separate, size, substitute
from term_algebra.reduction import beta, unfold
from verifiers.audit.words import ParseError
from verifiers.rocq.reader import parse_goal, parse_goals, parse_inductive
from verifiers.rocq.session import Session
from verifiers.rocq.terms import parse, parse_definition, parse_typed, render

NAT = Const("nat")
SHOW = "Set Printing All. Set Asymmetric Patterns. "


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session() as session:
        yield session


def said(session: Session, text: str) -> list[str]:
    outcome = session.run(text, goals=False)
    assert outcome.ok, outcome.error
    return [message.text for message in outcome.messages if message.level == "notice"]


# ------------------------------------------------------------------------------------------------ reading


def test_binders_scope_and_arrows() -> None:
    term = parse("forall (A : Type) (x y : list A) (_ : @eq (list A) x y), A -> Q x")
    assert isinstance(term, Forall)
    assert constants(term) == {"list", "eq", "Q"}
    assert not free_variables(term)
    assert parse("f x", variables=["x"]) == App(Const("f"), (Var("x"),))


def test_numbers_strings_casts_universes_and_sorts() -> None:
    assert parse('f 3 "a b"%string (x : nat) Type@{u v} @g@{u}') == App(
        Const("f"), (Const("3"), Const('"a b"%string'), Const("x"), Sort("Type"), Const("g"))
    )


def test_patterns_hold_all_arguments() -> None:
    term = parse("match l return nat with | nil => O | cons x r => f r | @c _ y => y | S n => n end")
    assert isinstance(term, Match)
    variables = [branch.variables for branch in term.branches]
    assert variables == [("_",), ("_", "x", "r"), ("_", "y"), ("n",)]


@pytest.mark.parametrize(
    "text", ["", "forall x", "f (x", "match x with end end", "fun x : nat", "a ; b", "cofix f := x"]
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse(text)


def test_later_functions_of_a_fixpoint_are_variables() -> None:
    term = parse("fix f (n : nat) : nat := g n with g (n : nat) : nat := f n for g")
    assert isinstance(term, Fix)
    assert not free_variables(term)
    assert constants(term) == {"nat"}


def test_a_goal_is_read_from_its_hypotheses_and_conclusion() -> None:
    goal = parse_goal(["A : Type", "x, y : A", "H : @eq A x y", "z := x : A"], "@eq A z y")
    assert [hypothesis.name for hypothesis in goal.hypotheses] == ["A", "x", "y", "H", "z"]
    assert goal.hypotheses[4] == Hypothesis("z", Var("A"), Var("x"))
    assert goal.conclusion == App(Const("eq"), (Var("A"), Var("z"), Var("y")))


def test_goals_are_read_from_what_show_prints() -> None:
    text = """2 goals

  n, m : nat
  H : @eq nat n
          m
  ============================
  @eq nat n m

goal 2 is:
 True
1 goal

  ============================
  True
"""
    first, second = parse_goals(text)
    assert [hypothesis.name for hypothesis in first.hypotheses] == ["n", "m", "H"]
    assert first.conclusion == first.hypotheses[2].type
    assert second.hypotheses == ()


# ------------------------------------------------------------------------------------------------ random terms

NAMES = ("x", "y", "x0", "f'", "c", "α")
GLOBALS = ("c", "x", "x1", "M.c", "nat", "d0123456789ab")


@st.composite
def terms(draw: st.DrawFn, scope: tuple[str, ...] = (), depth: int = 3) -> Term:
    leaves: list[st.SearchStrategy[Term]] = [
        st.sampled_from(GLOBALS).map(Const),
        st.sampled_from(("Prop", "Type")).map(Sort),
    ]
    if scope:
        leaves.append(st.sampled_from(scope).map(Var))
    kind = draw(st.integers(0, 6)) if depth else 0
    if kind == 0:
        return draw(st.one_of(leaves))

    def sub(*names: str) -> Term:
        return draw(terms(scope=(*scope, *[name for name in names if name != "_"]), depth=depth - 1))

    name = draw(st.sampled_from((*NAMES, "_")))
    match kind:
        case 1:
            head = sub()
            arguments = tuple(sub() for _ in range(draw(st.integers(1, 2))))
            return App(head.function, head.arguments + arguments) if isinstance(head, App) else App(head, arguments)
        case 2:
            return Forall(name, sub(), sub(name))
        case 3:
            return Lambda(name, sub(), sub(name))
        case 4:
            return Let(name, sub(), draw(st.none() | st.builds(sub)), sub(name))
        case 5:
            names = tuple(draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2)))
            pattern = App(Const("nat"), (Var("_"), Var("y")))
            branches = (Branch("c", (), sub()), Branch("M.c", names, sub(*names)))
            return Match(sub(), branches, sub("x", "y"), "x", pattern)
        case _:
            functions = draw(st.lists(st.sampled_from(("f'", "g", "c")), unique=True, min_size=1, max_size=2))
            built: list[FixFunction] = []
            for function in functions:
                first, second = draw(st.permutations(NAMES))[:2]
                parameters = ((first, sub()), (second, sub(first)))
                body = sub(*functions, first, second)
                built.append(FixFunction(function, parameters, second, sub(first, second), body))
            return Fix(tuple(built), functions[-1])


def same(left: Term, right: Term) -> bool:
    return alpha_normal(left) == alpha_normal(right)


@given(terms())
@settings(max_examples=120, deadline=None)
def test_written_terms_are_read_back(term: Term) -> None:
    assert same(parse(render(term)), term)


@given(terms())
@settings(max_examples=100, deadline=None)
def test_alpha_normal_is_a_normal_form(term: Term) -> None:
    normal = alpha_normal(term)
    assert alpha_normal(normal) == normal
    assert alpha_normal(separate(term)) == normal
    assert constants(normal) <= constants(term)
    assert size(normal) == size(term)


@given(terms(scope=("x", "y")), terms(scope=("y", "x0")))
@settings(max_examples=100, deadline=None)
def test_substitution_captures_nothing(term: Term, value: Term) -> None:
    expected = free_variables(term) - {"x"} | (free_variables(value) if "x" in free_variables(term) else set())
    assert free_variables(substitute(term, {"x": value})) == expected


@given(terms(scope=("x",)))
@settings(max_examples=100, deadline=None)
def test_substitution_can_be_undone(term: Term) -> None:
    away = substitute(term, {"x": Var("fresh")})
    assert same(substitute(away, {"fresh": Var("x")}), term)


def test_beta_reduces_what_unfolding_applies() -> None:
    body = parse("fun (x y : nat) => f y x")
    assert unfold(parse("forall y : nat, twice y 3"), {"twice": body}) == parse("forall y : nat, f 3 y")
    assert same(
        beta(parse("(fun (g : nat -> nat) (y : nat) => g y) (fun z : nat => h z)")), parse("fun y : nat => h y")
    )


def test_a_binder_that_would_capture_a_global_name_is_renamed() -> None:
    term = Lambda("c", NAT, App(Const("c"), (Var("c"),)))
    assert render(term) == "fun (c0 : nat) => @c c0"


# ------------------------------------------------------------------------------------------------ with the prover

DEFINITIONS = """
Inductive tree (A : Type) : Type := leaf : tree A | node : forest A -> A -> tree A
with forest (A : Type) : Type := empty | more (t : tree A) (f : forest A).
Arguments leaf {A}.
Inductive vec (A : Type) : nat -> Type := vnil : vec A 0 | vcons n : A -> vec A n -> vec A (1 + n).
Fixpoint size A (t : tree A) : nat := match t with leaf => 1 | node _ f _ => S (sizes A f) end
with sizes A (f : forest A) : nat := match f with empty _ => 0 | more _ t f => size A t + sizes A f end.
Definition ack := fix ack (m : nat) := fix inner (n : nat) : nat :=
  match m, n with 0, _ => S n | S k, 0 => ack k 1 | S k, S l => ack k (inner l) end.
Definition head A n (v : vec A (S n)) : A :=
  match v in vec _ m return match m with 0 => unit | _ => A end with vnil _ => tt | vcons _ _ x _ => x end.
Definition mixed (b : bool) (p : nat * bool) := if b then let (n, _) := p in (n : nat) else let x := 3 in x + fst p.
"""
PARAMETERS = {"leaf": 1, "node": 1, "empty": 1, "more": 1, "vnil": 1, "vcons": 1, "pair": 2}


def parameters(constructor: str) -> int:
    return PARAMETERS.get(constructor, 0)


CLAUSES = """forall b (h : forall n, n = 0),
match (let c := b in c) return (forall n, n = 0) -> Prop with true => fun _ => True | _ => fun k => k 1 = k 1 end h"""
STATEMENTS = (
    CLAUSES,
    "forall (A : Type) (x y : list A), x ++ y = nil <-> x = nil /\\ y = nil",
    "forall n, exists m, n + 12 < m -> ~ (m <= n \\/ n = 3)",
    "forall f : nat -> nat, (forall x, f (f x) = x) -> map (fun x => f x) nil = nil",
    "forall A (P : A -> Prop), {x : A | P x} -> exists x, P x",
    "@map = @map /\\ Some = Some :> (nat -> option nat)",
    "let x := 5 in x = x",
    "fst (let '(a, b) := (1, 2) in (b, a)) = 2",
    "forall nat' nil' O', nat' + O' = O' + nat' :> nat -> nil' = true",
    "forall p : nat * nat, match p with (0, S n) => n = 1 | (m, _) => m = 2 end",
    "(if Nat.eqb 2024 2024 then 1 else 0) = 1",
    "(if (fun b : bool => b) true then fix f (n : nat) := match n with S k => f k | 0 => 0 end else fun n => n) 1 = 0",
)


def test_statements_survive_reading_and_writing(session: Session) -> None:
    before = "Require Import List. Import ListNotations. Open Scope list_scope. "
    first = said(session, before + SHOW + "".join(f"Check ({statement}). " for statement in STATEMENTS))
    read = [parse_typed(text).term for text in first]
    again = said(session, before + SHOW + "".join(f"Check ({render(term)}). " for term in read))
    assert [render(alpha_normal(parse_typed(text).term)) for text in again] == [
        render(alpha_normal(term)) for term in read
    ]


def test_definitions_survive_reading_and_writing(session: Session) -> None:
    names = ("size", "sizes", "ack", "head", "mixed")
    first = said(session, DEFINITIONS + SHOW + "".join(f"Print {name}. " for name in names))
    read = [parse_definition(text, parameters) for text in first]
    assert [function.name for function in read] == list(names)
    definitions = [f"Definition {f.name}' : {render(f.type)} := {render(f.body)}. " for f in read]
    again = said(session, DEFINITIONS + SHOW + "".join(definitions) + "".join(f"Print {name}'. " for name in names))
    for function, text in zip(read, again, strict=True):
        copy = parse_definition(text, parameters)
        assert same(copy.body, function.body)
        assert same(copy.type, function.type)


def test_datatypes_are_read_with_their_parameters(session: Session) -> None:
    both, vector = said(session, DEFINITIONS + SHOW + "Print tree. Print vec. ")
    tree, forest = parse_inductive(both)
    assert (tree.name, tree.parameters, forest.name) == ("tree", 1, "forest")
    assert same(tree.constructors[1].type, parse("forall (A : Type) (_ : forest A) (_ : A), tree A"))
    (vec,) = parse_inductive(vector)
    assert same(vec.type, parse("forall (A : Type) (_ : nat), Type"))
    assert same(vec.constructors[0].type, parse("forall A : Type, vec A O"))


def test_goals_of_a_session_are_read(session: Session) -> None:
    text = "Goal forall (A : Type) (x y : list A), x = y -> True /\\ length x = length y. intros. pose (z := x). split."
    goals = [parse_goal(goal.hypotheses, goal.conclusion) for goal in session.run(text).goals]
    assert [hypothesis.name for hypothesis in goals[1].hypotheses] == ["A", "x", "y", "H", "z"]
    assert goals[1].hypotheses[4].value == Var("x")
    expected = parse("@eq nat (@length A x) (@length A y)", ["A", "x", "y"])
    assert goals[1].conclusion == expected


def test_numerals_of_thousands_are_read_and_written(session: Session) -> None:
    (text,) = said(session, SHOW + " Check 4999.")
    term = parse_typed(text).term
    assert render(term).count("@S") == 4999
    assert size(alpha_normal(term)) == 5000
