"""Theory exploration and the rewriting that keeps it small."""

from domain import App, Branch, Const, Definition, Lambda, Match, Problem, Term, Var
from pipeline.proposers.conjecture import testing
from pipeline.proposers.conjecture.exploration import explore
from term_algebra.ordering import Precedence
from term_algebra.rewriting import RuleSet, to_pattern, to_term
from term_algebra.theory import Theory
from tests.pipeline.elaborated import elaborate
from tests.pipeline.small_theory import definitions, statement
from verifiers.rocq.terms import alpha_normal, render


def over(*names: str) -> list[Definition]:
    """The definitions called so in the small theory, and the datatypes."""
    return [d for d in definitions() if d.kind == "datatype" or d.readable[0] in names]


def normal(term: Term) -> str:
    return render(alpha_normal(term))


def found(*names: str) -> set[str]:
    return {normal(term) for term in explore(over(*names))}


def test_the_laws_of_lists_are_found() -> None:
    laws = found("join", "flip", "flip_onto")
    for name in ("join_stop", "join_join", "flip_join", "flip_flip", "onto_join"):
        assert normal(statement(name)) in laws, name


def test_laws_of_relations_are_found() -> None:
    assert normal(statement("same_sound")) in found("same")
    assert normal(statement("below_not_same")) in found("same", "below")


def test_operations_that_preserve_a_predicate_are_found() -> None:
    assert normal(statement("even_sum")) in found("sum", "even")


def test_every_conjecture_survives_fresh_tests() -> None:
    tester = testing.Tester(definitions())
    for term in explore(over("sum", "twice", "even", "same")):
        assert tester.test(term, seed=99, trials=600).counterexample is None, render(term)


def test_what_computes_or_follows_by_rewriting_is_left_out() -> None:
    laws = explore(over("sum"))
    assert len(laws) <= 12
    assert len({normal(law) for law in laws}) == len(laws)


def test_the_result_depends_on_the_seed_alone() -> None:
    assert explore(over("join", "weight", "sum"), seed=5) == explore(over("join", "weight", "sum"), seed=5)


def test_a_pattern_is_the_term_again_whatever_heads_it() -> None:
    chosen = Match(Var("b"), (Branch("true", (), Var("f")), Branch("false", (), Var("g"))))
    for head in (Const("sum"), Var("f"), Lambda("x", Const("num"), Var("x")), chosen):
        term = App(head, (App(Const("next"), (Var("y"),)), chosen))
        assert to_term(to_pattern(term)) == term


def test_rules_derive_instances_and_permutations() -> None:
    rules = RuleSet(Precedence(Theory(definitions())))
    x, y, z = "x", "y", "z"

    def f(a: object, b: object) -> tuple[object, ...]:
        return ("f", a, b)

    assert rules.learn(f(x, y), f(y, x))
    assert rules.learn(f(f(x, y), z), f(x, f(y, z)))
    assert not rules.learn(f(x, f(y, z)), f(z, f(y, x)))
    assert rules.learn(f(x, x), x)


INTEGERS = """From Coq Require Import ZArith.
Inductive seq (A : Type) : Type := stop : seq A | push : A -> seq A -> seq A.
Fixpoint put (x : Z) (y : seq Z) : seq Z :=
  match y with stop _ => push Z x (stop Z) | push _ a z => if Z.leb x a then push Z x y else push Z a (put x z) end.
Fixpoint times (A : Type) (same : A -> A -> bool) (x : A) (y : seq A) : Z :=
  match y with stop _ => 0%Z | push _ a z => if same x a then (1 + times A same x z)%Z else times A same x z end.
"""

INTEGER_LAWS = (
    "forall x y : Z, Z.leb x y = false -> Z.leb y x = true",
    "forall x y z : Z, Z.leb x y = true -> Z.leb y z = true -> Z.leb x z = true",
    "forall (same : Z -> Z -> bool) (x y : Z) (z : seq Z), times Z same x (put y z) = times Z same x (push Z y z)",
)


def test_relations_of_integers_and_functions_at_integers_are_explored() -> None:
    goal = "forall (x y : Z) (z : seq Z), times Z Z.eqb x (put y z) = times Z Z.eqb x (push Z y z)"
    texts = [goal, *INTEGER_LAWS]
    goal_read, *laws = elaborate(*[Problem("law", "rocq", INTEGERS, f"Theorem law : {text}.") for text in texts])
    conjectures = {normal(term) for term in explore(goal_read.definitions)}
    for law in laws:
        assert normal(law.statement) in conjectures, law.problem.formal_statement
    wrong = "forall x y : Z, Z.leb x y = true -> Z.leb y x = true"
    (false,) = elaborate(Problem("law", "rocq", INTEGERS, f"Theorem law : {wrong}."))
    assert normal(false.statement) not in conjectures


PREFIXES = """
Inductive num : Set := zero : num | next : num -> num.
Inductive row : Set := stop : row | push : num -> row -> row.
Fixpoint same (x y : num) : bool :=
  match x with
  | zero => match y with zero => true | next _ => false end
  | next a => match y with zero => false | next b => same a b end
  end.
Fixpoint join (x y : row) : row := match x with stop => y | push a z => push a (join z y) end.
Fixpoint begins (x y : row) : bool :=
  match x with
  | stop => true
  | push a v => match y with stop => false | push b w => if same a b then begins v w else false end
  end.
"""


def test_laws_of_a_relation_that_random_values_seldom_meet_are_found() -> None:
    """Of random lists none begins another, so that what is only seldom true must be told from what is false."""
    laws = (
        "forall x y : row, begins x (join x y) = true",
        "forall x y z : row, begins (join x y) (join x z) = begins y z",
        "forall (a : num) (x y : row), begins (push a x) (push a y) = begins x y",
    )
    read = elaborate(*[Problem("law", "rocq", PREFIXES, f"Theorem law : {law}.") for law in laws])
    conjectures = {normal(term) for term in explore(read[1].definitions)}
    for law in read:
        assert normal(law.statement) in conjectures, law.problem.formal_statement
