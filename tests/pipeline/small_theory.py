"""A few definitions under names of no suite, statements over them in canonical form, and a prover to check scripts."""

from collections.abc import Callable, Sequence
from functools import cache

from domain import Definition, Elaboration, Goal, Problem, Term
from pipeline.proposers.automation.portfolio import Portfolio
from tests.pipeline.elaborated import elaborate
from verifiers.audit.rocq.source import lemma_sentence
from verifiers.canonical import canonical_header
from verifiers.rocq.automation import RocqAutomation
from verifiers.rocq.reader import parse_goal
from verifiers.rocq.session import Session
from verifiers.rocq.tactics import TACTICS
from verifiers.rocq.terms import render
from verifiers.scripts import Script

HEADER = """
Inductive num : Set := zero : num | next : num -> num.
Inductive seq (A : Type) : Type := stop : seq A | push : A -> seq A -> seq A.
Fixpoint sum (x y : num) : num := match x with zero => y | next z => next (sum z y) end.
Fixpoint twice (x : num) : num := match x with zero => zero | next z => next (next (twice z)) end.
Fixpoint even (x : num) : bool :=
  match x with zero => true | next y => match y with zero => false | next z => even z end end.
Fixpoint same (x y : num) : bool :=
  match x with
  | zero => match y with zero => true | next _ => false end
  | next a => match y with zero => false | next b => same a b end
  end.
Fixpoint below (x y : num) : bool :=
  match y with zero => false | next b => match x with zero => true | next a => below a b end end.
Fixpoint join (A : Type) (x y : seq A) : seq A :=
  match x with stop _ => y | push _ a z => push A a (join A z y) end.
Fixpoint flip (A : Type) (x : seq A) : seq A :=
  match x with stop _ => stop A | push _ a z => join A (flip A z) (push A a (stop A)) end.
Fixpoint flip_onto (A : Type) (x y : seq A) : seq A :=
  match x with stop _ => y | push _ a z => flip_onto A z (push A a y) end.
Fixpoint weight (A : Type) (x : seq A) : num := match x with stop _ => zero | push _ _ z => next (weight A z) end.
Fixpoint cut (A : Type) (n : num) (x : seq A) : seq A :=
  match n with zero => x | next k => match x with stop _ => stop A | push _ _ z => cut A k z end end.
Fixpoint together (A : Type) (x y : seq A) : seq A :=
  match x with
  | stop _ => stop A
  | push _ a w => match y with stop _ => stop A | push _ _ z => push A a (together A w z) end
  end.
Fixpoint trim (A : Type) (n : num) (x : seq A) : seq A :=
  match n with
  | zero => stop A
  | next k => match x with stop _ => stop A | push _ a z => push A a (trim A k z) end
  end.
Definition trimmed (A : Type) (x : seq A) : seq A := trim A (next (weight A x)) x.
"""

STATEMENTS = {
    "join_stop": "forall (A : Type) (x : seq A), join A x (stop A) = x",
    "join_join": "forall (A : Type) (x y z : seq A), join A (join A x y) z = join A x (join A y z)",
    "flip_join": "forall (A : Type) (x y : seq A), flip A (join A x y) = join A (flip A y) (flip A x)",
    "flip_flip": "forall (A : Type) (x : seq A), flip A (flip A x) = x",
    "onto_join": "forall (A : Type) (x y : seq A), flip_onto A x y = join A (flip A x) y",
    "flip_is_flip_onto": "forall (A : Type) (x : seq A), flip A x = flip_onto A x (stop A)",
    "weight_join": "forall (A : Type) (x y : seq A), weight A (join A x y) = sum (weight A x) (weight A y)",
    "sum_next": "forall x y : num, sum x (next y) = next (sum x y)",
    "sum_comm": "forall x y : num, sum x y = sum y x",
    "sum_assoc": "forall x y z : num, sum (sum x y) z = sum x (sum y z)",
    "sum_swapped": "forall x y z w : num, sum (sum w x) (sum y z) = sum z (sum x (sum y w))",
    "twice_sum": "forall x : num, twice x = sum x x",
    "even_twice": "forall x : num, even (twice x) = true",
    "even_even": "forall x y : num, even x = true -> even (sum x y) = even y",
    "even_sum": "forall x y : num, even x = true -> even y = true -> even (sum x y) = true",
    "even_two_more": "forall x : num, even x = true -> even (sum x (next (next zero))) = true",
    "even_flipped": "forall x : seq num, even (weight num (flip num x)) = true ->"
    " even (sum (weight num (flip num x)) (next (next zero))) = true",
    "cut_together": "forall (A : Type) (n : num) (x y : seq A),"
    " cut A n (together A x y) = together A (cut A n x) (cut A n y)",
    "weight_flip": "forall (A : Type) (x : seq A), weight A (flip A x) = weight A x",
    "false_sum_same": "forall (A : Type) (f : A -> A -> bool) (x y : num),"
    " (forall a b : A, f a b = true <-> a = b) -> same (sum x y) y = true",
    "weight_stop": "forall (A : Type) (x : seq A), sum zero (weight A (join A x (stop A))) = sum (weight A x) zero",
    "weight_flip_stop": "forall (A : Type) (x : seq A),"
    " sum zero (weight A (join A (flip A x) (stop A))) = sum (weight A x) zero",
    "weight_join_flip": "forall (A : Type) (x y : seq A), weight A (join A x (flip A y)) = weight A (join A x y)",
    "flip_together": "forall (A : Type) (x y : seq A),"
    " weight A x = weight A y -> together A (flip A x) (flip A y) = flip A (together A x y)",
    "together_join": "forall (A : Type) (x y : seq A) (a b : A), weight A x = weight A y ->"
    " together A (join A x (push A a (stop A))) (join A y (push A b (stop A)))"
    " = join A (together A x y) (push A a (stop A))",
    "cut_stop": "forall (A : Type) (n : num) (x : seq A), join A (cut A n (stop A)) x = x",
    "trim_stop": "forall (A : Type) (n : num) (x : seq A), join A (trim A n x) (stop A) = trim A n x",
    "trimmed_stop": "forall (A : Type) (x : seq A), join A (trimmed A x) (stop A) = trimmed A x",
    "same_sound": "forall x y : num, same x y = true -> x = y",
    "below_not_same": "forall x y : num, below x y = true -> same x y = false",
    "below_differs": "forall x y : num, below y x = true -> x <> y",
    "below_trans": "forall x y z : num, below x y = true -> below y z = true -> below x z = true",
    "lesser": "forall x y z : num, below x y = true -> below y z = true ->"
    " (let least := if below x z then x else z in if below y least then y else least) = x",
    "below_asym": "forall x y : num, below x y = true -> below y x = false",
    "below_two": "forall x : num, below x (next (next x)) = true",
    "false_below": "forall x y : num, below (sum x y) y = same x y",
    "join_one": "forall (x : seq num) (y : num), weight num (join num x (push num (next zero) (stop num)))"
    " = weight num (join num (push num (next zero) (stop num)) x)",
    "false_comm": "forall (A : Type) (x y : seq A), join A x y = join A y x",
    "false_comm_turned": "forall (A : Type) (x y : seq A), join A y x = join A x y",
    "false_comm_back": "forall (A : Type) (x y : seq A), join A (flip A y) x = join A x (flip A y)",
    "false_all_even": "forall x : num, even x = true",
    "false_sums_even": "forall x y : num, even (sum x y) = true",
    "false_flip_join": "forall (A : Type) (x y : seq A), flip A (join A x y) = flip A (join A y x)",
    "false_flip": "forall (A : Type) (x : seq A), flip A x = x",
    "false_cut_join": "forall (A : Type) (n : num) (x y : seq A),"
    " cut A n (join A x y) = join A (cut A n x) (cut A (sum n (weight A x)) y)",
    "false_even": "forall x y : num, even x = true -> even (sum x y) = true",
    "false_exists": "forall x : num, exists y : num, next y = x",
}


@cache
def theory() -> dict[str, Elaboration]:
    """Every statement in canonical form, by name."""
    problems = [Problem(name, "rocq", HEADER, f"Theorem {name} : {text}.") for name, text in STATEMENTS.items()]
    return {elaboration.problem.name: elaboration for elaboration in elaborate(*problems)}


def statement(name: str) -> Term:
    return theory()[name].statement


def definitions(name: str = "join_stop") -> tuple[Definition, ...]:
    return theory()[name].definitions


def portfolio(name: str = "join_stop") -> Portfolio:
    """Rocq's scripts over the definitions of a statement."""
    return Portfolio(definitions(name), RocqAutomation())


def canonical(readable: str) -> str:
    """The canonical name of what `HEADER` calls `readable`."""
    return next(name for d in definitions() for name, own in zip(d.names, d.readable, strict=True) if own == readable)


class Checker:
    """Checks scripts in one warm session; lemmas are assumed."""

    def __init__(self, known: Sequence[Definition] = ()) -> None:
        self.session = Session()
        loaded = self.session.load(canonical_header("", known or definitions()) + "\n" + TACTICS)
        assert loaded.ok, loaded.error
        self.checked: list[str] = []

    def of(self, term: Term) -> Callable[[Sequence[Script]], list[bool]]:
        def check(scripts: Sequence[Script]) -> list[bool]:
            answers: list[bool] = []
            for script in scripts:
                before = "\n".join(lemma_sentence(lemma) for lemma in script.uses_lemmas)
                self.checked.append(script.text)
                text = f"Goal {render(term)}.\nProof.\n{script.text}\nQed."
                answers.append(self.session.run(text, 3.0, before=before, goals=False).ok)
            return answers

        return check

    def error(self, term: Term, script: Script) -> str:
        """What the prover says against a script whose lemmas are assumed, whether they have proofs or not."""
        before = "\n".join(f"Axiom {one.canonical_name} : {one.statement_exact}." for one in script.uses_lemmas)
        return self.session.run(f"Goal {render(term)}.\nProof.\n{script.text}", 3.0, before=before, goals=False).error

    def goals(self, term: Term, prefix: str) -> list[Goal]:
        outcome = self.session.run(f"Set Printing All.\nGoal {render(term)}.\nProof.\n{prefix}", 3.0)
        assert outcome.ok, outcome.error
        return [parse_goal(goal.hypotheses, goal.conclusion) for goal in outcome.goals]
