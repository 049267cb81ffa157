"""Derivations: proofs by induction, cases and rewriting that are found outside the prover, checked by the prover."""

from collections.abc import Iterator

import pytest

from domain import Definition, Elaboration, Problem
from pipeline.proposers.automation.portfolio import Portfolio
from term_algebra import derivation, rewriter
from term_algebra.simplification import simplify
from term_algebra.theory import Theory, as_equation
from tests.pipeline.elaborated import elaborate, lemma_of
from tests.pipeline.small_theory import HEADER, STATEMENTS, Checker, statement, theory
from verifiers.rocq.automation import RocqAutomation
from verifiers.rocq.terms import render

MORE = """
Fixpoint most (x y : num) : bool :=
  match x with zero => true | next a => match y with zero => false | next b => most a b end end.
"""

OF_ORDER = {
    "most_sum": "forall x y : num, most x (sum x y) = true",
    "most_sums": "forall x y z : num, most (sum x y) (sum x z) = most y z",
    "most_next": "forall x y : num, most x y = true -> most x (next y) = true",
    "most_later": "forall x y : num, most x y = true -> most x (next (next y)) = true",
    "mixed": "forall x y z w : num, most (sum (sum x y) z) (sum (sum y w) (sum z (sum x x))) = true",
    "by_two": "forall x y z : num, most (sum x y) (sum z (sum y z)) = most x (sum z z)",
    "turned": "forall x y z : num, most (sum x (sum y x)) z = most (sum x (sum x y)) z",
    "fourfold": "forall x z : num, most (sum x (sum x (sum x x))) (sum (sum x x) (sum x (sum x z))) = true",
    "false_mixed": "forall x y z w : num, most (sum (sum x y) z) (sum (sum y w) (sum z y)) = true",
}

OTHER_WAYS = """
Fixpoint three (x : num) : num -> num -> num :=
  fix inner (y z : num) {struct y} : num :=
    match x with
    | zero => match y with zero => z | next b => inner b (next z) end
    | next a => three a (next y) z
    end.
Inductive whole : Set := above (n : num) | below_zero (n : num).
Fixpoint minus (x y : num) {struct x} : whole :=
  let rest := match y with
    | zero => above x
    | next b => match x with zero => below_zero b | next a => minus a b end
    end in rest.
Definition none : whole := above zero.
Definition add (x y : whole) : whole :=
  match x, y with
  | above m, above n => above (sum m n)
  | above m, below_zero n => minus m (next n)
  | below_zero m, above n => minus n (next m)
  | below_zero m, below_zero n => below_zero (next (sum m n))
  end.
Fixpoint apart (x y : num) {struct x} : num :=
  match x, y with zero, _ => y | next a, zero => x | next a, next b => apart a b end.
"""

IN_OTHER_WAYS = {
    "three_next": "forall x y z : num, three x y (next z) = next (three x y z)",
    "three_zero": "forall x : num, three zero x zero = x",
    "three_turned": "forall x y : num, three x y zero = three zero y x",
    "three_rotated": "forall x y z : num, three x y z = three y z x",
    "minus_itself": "forall x : num, minus x x = none",
    "sum_zero": "forall x : num, sum x zero = x",
    "add_none": "forall x : whole, add x none = x",
    "apart_comm": "forall x y : num, apart x y = apart y x",
    "apart_sum": "forall x y : num, apart x (sum x y) = y",
    "apart_sum_left": "forall x y z : num, apart (sum (sum x y) z) (sum x y) = z",
}


@pytest.fixture(scope="module")
def other_ways() -> dict[str, Elaboration]:
    """Recursions one inside the other, data in two forms, and an operation that commutes but does not associate."""
    everything = "three zero zero zero = zero /\\ add none none = none /\\ apart zero zero = zero"
    wanted = IN_OTHER_WAYS | {"all": everything}
    text = HEADER + OTHER_WAYS
    read = elaborate(*(Problem(name, "rocq", text, f"Theorem {name} : {one}.") for name, one in wanted.items()))
    return {one.problem.name: one for one in read}


@pytest.fixture(scope="module")
def ordered() -> dict[str, Elaboration]:
    """Statements of the order, and those of the sum that they need."""
    wanted = OF_ORDER | {name: STATEMENTS[name] for name in ("sum_comm", "sum_assoc")}
    problems = [Problem(name, "rocq", HEADER + MORE, f"Theorem {name} : {text}.") for name, text in wanted.items()]
    everything = Problem(
        "all", "rocq", HEADER + MORE, "Theorem all : forall x y : num, most (sum x y) x = most y zero."
    )
    read = elaborate(*problems, everything)
    return {one.problem.name: one for one in read}


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    checker = Checker()
    yield checker
    checker.session.close()


def derived(
    of: dict[str, Elaboration], name: str, lemmas: list[str], checker: Checker, definitions: list[Definition]
) -> set[str]:
    """The lemmas of the derivation of a statement, which the prover has accepted."""
    automation = Portfolio(definitions, RocqAutomation())
    given = {lemma_of(of[one], "known").id: one for one in lemmas}
    script = automation.derived(of[name].statement, [lemma_of(of[one], "known") for one in lemmas])
    assert script is not None, name
    known = "\n".join(f"Axiom {one.canonical_name} : {one.statement_exact}." for one in script.uses_lemmas)
    text = f"Goal {render(of[name].statement)}.\nProof.\n{script.text}\nQed."
    outcome = checker.session.run(text, 3.0, before=known, goals=False)
    assert outcome.ok, outcome.error
    assert "lm_" not in script.text
    return {given[one.id] for one in script.uses_lemmas}


@pytest.mark.parametrize(
    ("name", "lemmas", "needed"),
    [
        ("join_stop", [], set[str]()),
        ("join_join", ["join_stop"], set[str]()),
        ("sum_next", ["sum_assoc"], set[str]()),
        ("flip_join", ["flip_flip", "join_join"], {"join_join"}),
        ("weight_join", [], set[str]()),
        ("sum_swapped", ["sum_assoc", "sum_comm", "twice_sum"], {"sum_assoc", "sum_comm"}),
        ("even_two_more", ["even_even", "even_twice"], {"even_even"}),
        ("even_flipped", ["weight_join", "even_two_more"], {"even_two_more"}),
        ("weight_join_flip", ["weight_flip", "weight_join", "sum_comm"], {"weight_flip", "weight_join"}),
    ],
)
def test_a_derivation_names_what_it_needs_and_the_prover_accepts_it(
    name: str, lemmas: list[str], needed: set[str], checker: Checker
) -> None:
    assert derived(theory(), name, lemmas, checker, list(theory()[name].definitions)) == needed


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("most_sum", set[str]()),
        ("most_sums", set[str]()),
        ("mixed", {"most_sum", "sum_comm", "sum_assoc"}),
        ("by_two", {"most_sums", "sum_comm", "sum_assoc"}),
        ("most_later", {"most_next"}),
    ],
)
def test_rules_match_whatever_the_order_of_operands(
    name: str, needed: set[str], ordered: dict[str, Elaboration]
) -> None:
    definitions = list(ordered["all"].definitions)
    checker = Checker(definitions)
    lemmas = ["most_sum", "most_sums", "most_next", "sum_comm", "sum_assoc"]
    found = derived(ordered, name, [one for one in lemmas if one != name], checker, definitions)
    checker.session.close()
    assert found == needed


def test_rules_that_undo_each_other_do_not_keep_others_from_their_turn(ordered: dict[str, Elaboration]) -> None:
    """One moves the brackets that the other has just moved; with the third and the fourth no induction is needed."""
    given = [lemma_of(ordered[name], "known") for name in ("turned", "sum_assoc", "most_sums", "most_sum")]
    script = Portfolio(ordered["all"].definitions, RocqAutomation()).derived(ordered["fourfold"].statement, given)
    assert script is not None
    assert "induction" not in script.text


@pytest.mark.parametrize(
    ("name", "lemmas", "needed"),
    [
        ("three_next", [], set[str]()),
        ("three_rotated", ["three_next", "three_zero", "three_turned"], {"three_next"}),
        ("minus_itself", [], set[str]()),
        ("add_none", ["sum_zero", "apart_sum"], {"sum_zero"}),
        ("apart_comm", [], set[str]()),
        ("apart_sum_left", ["apart_comm", "apart_sum"], {"apart_comm", "apart_sum"}),
    ],
)
def test_recursions_within_another_data_in_two_forms_and_operations_that_only_commute(
    name: str, lemmas: list[str], needed: set[str], other_ways: dict[str, Elaboration]
) -> None:
    definitions = list(other_ways["all"].definitions)
    checker = Checker(definitions)
    found = derived(other_ways, name, lemmas, checker, definitions)
    checker.session.close()
    assert found == needed


FOUR = """
Fixpoint four (x y : num) : num -> num -> num :=
  fix inner (z w : num) {struct z} : num :=
    match z with
    | zero => match x with zero => w | next a => four a y y w end
    | next c => inner c (next w)
    end.
"""


OF_FOUR = {
    "one": "forall x a b c d : num, four (four x a a a) b c d = four a (four b x b b) c d",
    "swapped": "forall x y z : num, four x y y z = four y x y z",
    "swapped_twice": "forall x y z : num, four x y z z = four y x z z",
    "swapped_around": "forall x y z : num, four x y z x = four y x z x",
    "next_out": "forall x y z : num, four x y z (next z) = next (four x y z z)",
    "next_out_around": "forall x y z : num, four x y z (next x) = next (four y x x z)",
    "next_over": "forall x y z : num, four (next x) y x z = four x (next y) y z",
    "next_over_around": "forall x y z : num, four (next x) y z x = four x (next y) z y",
}


def test_an_equation_may_come_back_after_a_turn_was_taken_back() -> None:
    read = elaborate(*(Problem(name, "rocq", HEADER + FOUR, f"Theorem {name} : {t}.") for name, t in OF_FOUR.items()))
    laws = [lemma_of(one, "") for one in read[1:]]
    assert Portfolio(read[0].definitions, RocqAutomation()).derived(read[0].statement, laws) is None


def test_what_is_false_has_no_derivation_from_what_is_true(ordered: dict[str, Elaboration]) -> None:
    true = [name for name in STATEMENTS if not name.startswith("false_")]
    for name in sorted(STATEMENTS.keys() - set(true)):
        given = [lemma_of(theory()[one], "known") for one in true]
        assert Portfolio(theory()[name].definitions, RocqAutomation()).derived(statement(name), given) is None, name
    given = [lemma_of(ordered[one], "known") for one in ordered if one not in ("all", "false_mixed")]
    automation = Portfolio(ordered["all"].definitions, RocqAutomation())
    assert automation.derived(ordered["false_mixed"].statement, given) is None


def test_rules_that_lead_nowhere_end() -> None:
    """Conditions that ask for one another, of the same relation, are looked at a limited number of times."""
    given = [lemma_of(theory()[name], "known") for name in ("below_trans", "below_asym", "below_not_same", "even_sum")]
    automation = Portfolio(theory()["below_two"].definitions, RocqAutomation())
    assert automation.derived(statement("false_below"), given) is None


KINDS = """
Inductive colour : Set := red | blue.
Inductive row : Set := nothing | more (c : colour) (r : row).
Fixpoint reds (r : row) : num :=
  match r with
  | nothing => zero
  | more c rest => match c with red => next (reds rest) | blue => reds rest end
  end.
Fixpoint beside (x y : row) : row := match x with nothing => y | more c rest => more c (beside rest y) end.
"""


def test_cases_within_cases_end_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row that is taken apart has a colour to take apart too, without an end to it."""
    text = "Theorem one : forall x : row, reds (beside x x) = zero."
    (read,) = elaborate(Problem("one", "rocq", HEADER + KINDS, text))
    monkeypatch.setattr(derivation, "MOST_CASES", 10**9)
    assert Portfolio(read.definitions, RocqAutomation()).derived(read.statement, []) is None


def test_only_so_many_cases_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    automation = Portfolio(theory()["join_stop"].definitions, RocqAutomation())
    assert automation.derived(statement("join_stop"), []) is not None
    monkeypatch.setattr(derivation, "MOST_CASES", 1)
    assert automation.derived(statement("join_stop"), []) is None


TWICE_LESS_ONE = """
Definition twice_less_one (x : num) : num := match sum x x with zero => zero | next p => p end.
"""


def test_what_a_match_was_decided_by_is_computed_to_its_end() -> None:
    """To decide the match the sum is computed only so far; its rest is computed when it comes out of the branch."""

    def numeral(n: int) -> str:
        return "zero" if n == 0 else f"(next {numeral(n - 1)})"

    text = f"Theorem one : twice_less_one {numeral(7)} = {numeral(13)}."
    (read,) = elaborate(Problem("one", "rocq", HEADER + TWICE_LESS_ONE, text))
    sides = as_equation(read.statement)
    assert sides is not None
    assert simplify(sides.left, Theory(tuple(read.definitions))) == sides.right


def test_what_is_too_large_is_left_to_the_prover(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [lemma_of(theory()[name], "known") for name in ("sum_comm", "sum_assoc")]
    automation = Portfolio(theory()["sum_swapped"].definitions, RocqAutomation())
    assert automation.derived(statement("sum_swapped"), given) is not None
    monkeypatch.setattr(rewriter, "MOST_SYMBOLS", 10)
    assert automation.derived(statement("sum_swapped"), given) is None
