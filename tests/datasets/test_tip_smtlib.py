"""TIP files as SMT-LIB problems for other provers."""

import re
from pathlib import Path

import pytest

from datasets.tip.parse import parse
from datasets.tip.smtlib import encode
from datasets.tip.syntax import TranslationError
from tests.datasets.test_tip_translation import LIST, NAT, PLUS

MAP = """(define-fun-rec map (par (a b) (((f (=> a b)) (xs (list a))) (list b)))
  (match xs ((nil (_ nil b)) ((cons y ys) (cons (@ f y) (map f ys))))))"""


def lines(text: str) -> list[str]:
    """The lines of an encoding, symbols without what keeps them apart."""
    return [re.sub(r"!\d+", "", line) for line in encode(parse(text, "example.smt2")).splitlines()]


def test_each_case_of_a_recursive_function_is_an_equation() -> None:
    found = lines(f"{NAT}{PLUS}(prove (forall ((x Nat)) (= (plus x Z) x)))")
    assert "(declare-fun plus (Nat Nat) Nat)" in found
    assert "(assert (forall ((y Nat)) (= (plus Z y) y)))" in found
    assert "(assert (forall ((z Nat) (y Nat)) (= (plus (S z) y) (S (plus z y)))))" in found
    assert found[-2:] == ["(assert (not (forall ((x Nat)) (= (plus x Z) x))))", "(check-sat)"]


def test_a_default_case_stands_for_every_other_constructor() -> None:
    zero = "(define-fun-rec zero ((x Nat)) Bool (match x ((Z true) (_ (zero Z)))))"
    found = lines(f"{NAT}{zero}(prove (zero Z))")
    assert "(assert (= (zero Z) true))" in found
    assert "(assert (forall ((point Nat)) (= (zero (S point)) (zero Z))))" in found


def test_functions_as_arguments_are_values_with_an_apply() -> None:
    found = lines(f"{LIST}{MAP}(prove (par (a) (forall ((xs (list a)) (z a)) (= xs (map (lambda ((x a)) z) xs)))))")
    assert "(declare-sort a 0)" in found
    assert "(declare-fun apply (function a) a)" in found
    assert "(declare-fun closure (a) function)" in found
    assert "(assert (forall ((z a) (x a)) (= (apply (closure z) x) z)))" in found
    assert "(assert (not (forall ((xs list) (z a)) (= xs (map (closure z) xs)))))" in found


def test_a_datatype_and_a_function_are_written_for_each_type_that_is_used() -> None:
    goal = "(prove (forall ((xs (list Nat)) (f (=> Nat Bool))) (= (map f xs) (map f xs))))"
    found = lines(f"{NAT}{LIST}{MAP}{goal}")
    assert sum(line.startswith("(declare-datatypes ((list 0))") for line in found) == 2
    assert sum(line.startswith("(declare-fun map ") for line in found) == 1


def test_a_function_that_calls_itself_at_larger_types_has_no_encoding() -> None:
    deeper = "(define-fun-rec f (par (a) (((x a) (n Nat)) Nat)) (match n ((Z Z) ((S m) (f (cons x (_ nil a)) m)))))"
    with pytest.raises(TranslationError, match="polymorphic recursion"):
        encode(parse(f"{NAT}{LIST}{deeper}(prove (= (f Z Z) Z))", "example.smt2"))


@pytest.mark.parametrize("suite", ["isaplanner", "prod"])
def test_every_problem_is_encoded_with_every_symbol_declared_once(suite: str, shared_data: Path) -> None:
    files = sorted((shared_data / "tip" / suite).glob("*.smt2"))
    assert files
    for file in files:
        text = encode(parse(file.read_text(), file.name))
        declared = re.findall(r"\((?:declare-fun|declare-sort|define-fun) (\S+) ", text)
        for sentence in re.findall(r"\(declare-datatypes .*", text):
            declared += re.findall(r"\(([^\s()]+![0-9]+)", sentence)  # each name stands behind a parenthesis
        assert len(declared) == len(set(declared)), file.name
        assert {name for name in re.findall(r"\w+![0-9]+", text) if not name.startswith("point!")} == set(declared)
        assert text.count("(") == text.count(")"), file.name
