"""TIP files that try to mean something else in Rocq than they say."""

import re

import pytest

from datasets.tip.inference import TranslationError
from datasets.tip.parse import parse
from datasets.tip.rocq import translate
from domain import UserError

NAT = "(declare-datatype Nat ((Z) (S (p Nat))))"
LIST = "(declare-datatype list (par (a) ((nil) (cons (head a) (tail (list a))))))"


def translated(text: str) -> str:
    translation = translate(parse(text, "example.smt2"), "example")
    return translation.header + translation.statement


def test_abstraction_that_is_applied_to_itself_keeps_its_own_variables() -> None:
    # the inner `z` is S k, so that f (S (S k)) calls f (S (S k)); taken for the outer one it is k
    text = f"""{NAT} (define-fun-rec f ((x Nat)) Nat (match x ((Z Z) ((S w) (match w ((Z Z) ((S k)
      (let ((c (lambda ((h (=> Nat Nat))) (lambda ((z Nat)) (@ h (S z))))))
      (let ((t (@ c (@ c (lambda ((q Nat)) q)) k)))
      (let ((u t)) (f u))))))))))) (prove (forall ((x Nat)) (= (f x) Z)))"""
    with pytest.raises(TranslationError, match="not structurally recursive: f"):
        translated(text)


def test_points_at_which_functions_are_compared_are_no_variables_of_the_file() -> None:
    constant = "(prove (forall ((point Nat)) (= (lambda ((x Nat)) point) (lambda ((x Nat)) x))))"
    assert translated(NAT + constant).endswith("forall (point : Nat), forall (point_2 : Nat), point = point_2.")
    inner = "(prove (= (lambda ((x Nat)) (lambda ((point Nat)) x)) (lambda ((x Nat)) (lambda ((point Nat)) point))))"
    assert translated(NAT + inner).endswith("forall (point_3 : Nat) (point_4 : Nat), point_3 = point_4.")


def test_type_variable_is_not_taken_for_a_type_that_is_not_known_yet() -> None:
    length = "(define-fun length (par (b) (((x (list b))) Nat)) Z)"
    goal = "(prove (par (?0) (forall ((x ?0) (y ?0)) (and (= (length (cons Z nil)) Z) (= x y)))))"
    assert "(x : query0) (y : query0)" in translated(f"{NAT} {LIST} {length} {goal}")


def test_what_is_asserted_of_all_types_is_a_hypothesis_about_types_with_values() -> None:
    text = translated(f"{NAT} (assert (par (a) (exists ((x a)) (= x x)))) (prove (= Z (S Z)))")
    assert "(forall (a : Type),\n  a -> exists (x : a), x = x) ->" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(declare-datatype E ()) (prove (forall ((x E)) false))", "the datatype `E` has no finite value"),
        ("(declare-datatype E ((c (d E)))) (prove (forall ((x E)) false))", "the datatype `E` has no finite value"),
        (f"{NAT} (declare-datatype T ((c (d Tree)))) (prove true)", "no type `Tree` with 0 arguments"),
        (f"{NAT} (define-fun g () Nat Z) (define-fun g () Nat (S Z)) (prove (= g Z))", "`g` is declared more than"),
        (f"{NAT} (declare-datatype T ((Z) (Q))) (prove (= Z Z))", "`Z` is declared more than once"),
        ("(declare-datatype B ((true) (false))) (prove (= true false))", "`true` is declared more than once"),
        (f"{NAT} (define-fun and ((x Bool)) Bool true) (prove (and false))", "`and` is declared more than once"),
        (f"{NAT} (prove (forall ((true Bool) (x Nat)) (is-Z x)))", "`true` cannot be bound here"),
        (f"{NAT} (prove (forall ((x Nat) (x Nat)) (= x Z)))", "`x` cannot be bound here"),
        (f"{LIST} (prove (= (match nil ((nil 0) ((cons x x) 1))) 0))", "`x` cannot be bound here"),
        ("(define-fun |5| () Int 6) (prove (= |5| 5))", "cannot read |5|"),
        (f"{NAT} (prove (= Z (match Z ((Z (S Z)) (Z Z) ((S x) Z)))))", "two cases of the same constructor"),
        (f"{LIST} (prove (let ((x nil)) (= x (cons x nil))))", "a type would have to be a part of itself"),
    ],
)
def test_file_whose_names_or_types_have_no_one_meaning_is_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        translated(text)


def test_default_case_that_others_follow_is_refused() -> None:
    with pytest.raises(TranslationError, match="a default case with others behind it"):
        translated(f"{NAT} (prove (= Z (match Z ((_ (S Z)) (Z Z) ((S x) Z)))))")
