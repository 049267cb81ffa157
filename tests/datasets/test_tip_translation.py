"""The translation of TIP to Rocq, with the real prover."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from random import Random

import pytest

from datasets import Dataset
from datasets.tip import names
from datasets.tip.interpreter import Interpreter
from datasets.tip.parse import parse
from datasets.tip.rocq import Translator, translate
from datasets.tip.syntax import Call, Module, TranslationError
from domain import Problem, UserError
from tests.datasets.agreement import agreements, rocq_file
from verifiers.rocq import keywords

NAT = "(declare-datatype Nat ((Z) (S (p Nat))))"
LIST = "(declare-datatype list (par (a) ((nil) (cons (head a) (tail (list a))))))"
PLUS = "(define-fun-rec plus ((x Nat) (y Nat)) Nat (match x ((Z y) ((S z) (S (plus z y))))))"
ELEM = """(define-fun-rec elem (par (a) (((x a) (y (list a))) Bool))
  (match y ((nil false) ((cons z xs) (or (= z x) (elem x xs))))))"""

SUITES = {"isaplanner": 86, "prod": 74, "tip2015": 163, "false": 68}


def compile_rocq(text: str, folder: Path) -> str:
    """What `coqc` says against a file; empty if it takes it."""
    file = folder / "Translated.v"
    file.write_text(text)
    result = subprocess.run(["coqc", "-q", file.name], cwd=folder, capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else (result.stderr or result.stdout)


def in_modules(problems: list[Problem]) -> str:
    """One file with each header and statement in a module of its own."""
    imports = "From Coq Require Import ZArith.\n"
    modules = [
        f"Module M{number}.\n{p.header.removeprefix(imports)}{p.formal_statement}\nAbort.\nEnd M{number}.\n"
        for number, p in enumerate(problems)
    ]
    return imports + "".join(modules)


def translated(text: str, name: str = "example") -> str:
    translation = translate(parse(text, "example.smt2"), name)
    return translation.header + translation.statement


def modules_of(suites: list[str], folder: Path) -> list[Module]:
    files = chain.from_iterable(sorted((folder / suite).glob("*.smt2")) for suite in suites)
    return [parse(file.read_text(), file.name) for file in files]


@pytest.mark.parametrize(("name", "translated", "total"), [("tip:isaplanner", 86, 86), ("tip:prod", 50, 50)])
def test_whole_suite_is_translated_and_accepted(
    name: str, translated: int, total: int, tip: Callable[[str], Dataset], tmp_path: Path
) -> None:
    dataset = tip(name)
    assert (len(dataset.problems), dataset.total) == (translated, total)
    assert compile_rocq(in_modules(dataset.problems), tmp_path) == ""


@pytest.mark.parametrize(
    ("name", "translated", "total"), [("tip:prod-lemmas", 24, 24), ("tip:tip2015", 127, 163), ("tip:false", 34, 68)]
)
def test_rest_of_tip_is_accepted_or_left_out_and_counted(
    name: str, translated: int, total: int, tip: Callable[[str], Dataset], tmp_path: Path
) -> None:
    dataset = tip(name)
    assert (len(dataset.problems), len(dataset.left_out), dataset.total) == (translated, total - translated, total)
    assert all(item.reason for item in dataset.left_out)
    sample = Random(1).sample(dataset.problems, 12)
    assert compile_rocq(in_modules(sample), tmp_path) == ""


def test_header_holds_definitions_only(tip: Callable[[str], Dataset]) -> None:
    for suite in ("tip:isaplanner", "tip:prod", "tip:tip2015", "tip:false"):
        for problem in tip(suite).problems:
            sentences = re.findall(r"^(\w+)", problem.header, re.MULTILINE)
            assert set(sentences) <= {"Inductive", "Fixpoint", "Definition", "with", "From"}
            assert "From" not in sentences or problem.header.startswith("From Coq Require Import ZArith.\n")


def test_sampled_functions_compute_what_the_interpreter_computes(shared_data: Path, tmp_path: Path) -> None:
    modules = modules_of(["isaplanner", "prod", "tip2015", "false"], shared_data / "tip")
    checks = agreements(modules, inputs=15, seed=20, share=0.12)
    assert len(checks) >= 60
    assert compile_rocq(rocq_file(checks), tmp_path) == ""


@pytest.mark.acceptance
@pytest.mark.parametrize("suites", [["isaplanner", "prod"], ["tip2015"], ["false"]], ids="-".join)
def test_every_function_computes_what_the_interpreter_computes(
    suites: list[str], shared_data: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    checks = agreements(modules_of(suites, shared_data / "tip"), inputs=210, seed=1)
    few = {c.function: c.inputs for c in checks if c.inputs < 200 and not (c.exhaustive or c.outgrown)}
    assert few == {}
    assert compile_rocq(rocq_file(checks), tmp_path) == ""
    record_property("functions", len(checks))
    record_property("functions that outgrow 200 inputs", sorted(c.function for c in checks if c.inputs < 200))
    record_property("evaluations", sum(check.inputs for check in checks))


def test_wrong_translation_is_found(tmp_path: Path) -> None:
    module = parse(f"{NAT} {PLUS} (prove (forall ((x Nat)) (= (plus x Z) x)))", "example.smt2")
    (check,) = agreements([module], inputs=20, seed=0)
    text = rocq_file([check])
    assert compile_rocq(text, tmp_path) == ""
    assert compile_rocq(text.replace("| Z => y", "| Z => Z"), tmp_path) != ""


def test_interpreter_adds() -> None:
    module = parse(f"{NAT} {PLUS} (prove (forall ((x Nat)) (= (plus x Z) x)))", "example.smt2")
    one = Call("S", (Call("Z"),))
    interpreter = Interpreter(module)
    assert interpreter.evaluate(Call("plus", (one, one))) == interpreter.evaluate(Call("S", (one,)))


def test_equality_on_a_type_variable_is_an_argument_with_its_law(tmp_path: Path) -> None:
    text = translated(f"{LIST} {ELEM} (prove (par (a) (forall ((x a)) (elem x (cons x (_ nil a))))))")
    assert "(forall x y : a, eq_a x y = true <-> x = y) ->" in text
    assert (
        compile_rocq(
            text + "\nProof. intros a eq_a H x; cbn; destruct (eq_a x x) eqn:E; [reflexivity|].\n"
            "  assert (eq_a x x = true) by (apply H; reflexivity); congruence. Qed.",
            tmp_path,
        )
        == ""
    )


def test_lexicographic_recursion_is_nested_and_unfolds_as_written(tmp_path: Path) -> None:
    ackermann = """(define-fun-rec ack ((x Nat) (y Nat)) Nat (match x ((Z (S y))
      ((S m) (match y ((Z (ack m (S Z))) ((S n) (ack m (ack (S m) n)))))))))"""
    swapped = """(define-fun-rec cka ((y Nat) (x Nat)) Nat (match x ((Z (S y))
      ((S m) (match y ((Z (cka (S Z) m)) ((S n) (cka (cka n (S m)) m))))))))"""
    module = parse(f"{NAT} {ackermann} {swapped} (prove (forall ((x Nat)) (= (ack x Z) (cka Z x))))", "a.smt2")
    translator = Translator(module)
    statement = translator.statement()
    assert len(translator.unfoldings) == 2
    text = "\n".join([translator.header(), *translator.unfoldings, f"Check ({statement})."])
    assert compile_rocq(text, tmp_path) == ""


def test_recursion_on_a_sum_of_sizes_has_fuel_and_unfolds_as_written(tmp_path: Path) -> None:
    exchange = """(define-fun-rec exchange (par (a) (((x (list a)) (y (list a))) (list a))) (match x ((nil y)
      ((cons z xs) (match y ((nil x) ((cons w ys) (ite (= z w) (exchange y xs) (cons z (exchange xs ys))))))))))"""
    add = """(define-fun-rec add ((x Nat) (y Nat) (z Nat)) Nat (match x ((Z y)
      ((S k) (let ((more (S (add y k z)))) (match y ((Z (add k Z (S z))) ((S m) (plus more (add (S Z) m z))))))))))"""
    goal = "(prove (par (a) (forall ((x (list a)) (n Nat)) (and (= n (add n n n)) (= x (exchange x x))))))"
    translator = Translator(parse(f"{NAT} {LIST} {PLUS} {exchange} {add} {goal}", "example.smt2"))
    statement = translator.statement()
    assert len(translator.unfoldings) == 2
    text = "\n".join([translator.header(), *translator.unfoldings, f"Check ({statement})."])
    assert compile_rocq(f"From Coq Require Lia.\n{text}", tmp_path) == ""


FILTER = """(define-fun-rec filter (par (a) (((p (=> a Bool)) (x (list a))) (list a)))
  (match x ((nil (_ nil a)) ((cons y xs) (ite (@ p y) (cons y (filter p xs)) (filter p xs))))))"""
LESS = """(define-fun-rec less ((x Nat) (y Nat)) Bool
  (match y ((Z false) ((S m) (match x ((Z true) ((S n) (less n m))))))))"""
MINUS = """(define-fun-rec minus ((x Nat) (y Nat)) Nat
  (match x ((Z Z) ((S n) (match y ((Z x) ((S m) (minus n m))))))))"""
HALVES = """(define-funs-rec
  ((evens (par (a) (((x (list a))) (list a)))) (odds (par (a) (((x (list a))) (list a)))))
  ((match x ((nil (_ nil a)) ((cons y xs) (cons y (odds xs)))))
   (match x ((nil (_ nil a)) ((cons y xs) (evens xs))))))"""


def bounded(function: str, *helpers: str, goal: str) -> Translator:
    """The translation of a function over lists of numbers, with what its equation rests on."""
    translator = Translator(parse(" ".join([NAT, LIST, *helpers, function, f"(prove {goal})"]), "example.smt2"))
    translator.statement()
    return translator


QUICK = """(define-fun-rec quick ((x (list Nat))) (list Nat) (match x ((nil (_ nil Nat))
  ((cons y xs) (cons y
    (quick (filter (lambda ((z Nat)) (less z y)) (quick (filter (lambda ((z Nat)) true) xs)))))))))"""
REMAINDER = """(define-fun-rec rest ((x Nat) (y Nat)) Nat
  (match y ((Z Z) ((S k) (ite (less x y) x (rest (minus x y) y))))))"""
DEAL = """(define-fun-rec deal ((x (list Nat))) (list Nat) (match x ((nil x) ((cons y ys) (match ys ((nil x)
  ((cons z zs) (let ((one (deal (evens x)))) (match one ((nil (deal (odds x))) ((cons w ws) one)))))))))))"""


@pytest.mark.parametrize(
    ("function", "helpers", "goal"),
    [
        (QUICK, (FILTER, LESS), "(forall ((x (list Nat))) (= (quick x) x))"),
        (REMAINDER, (LESS, MINUS), "(forall ((x Nat) (y Nat)) (= (rest x y) x))"),
        (DEAL, (HALVES,), "(forall ((x (list Nat))) (= (deal x) x))"),
    ],
    ids=["results that are no longer", "an answer that was given", "halves"],
)
def test_recursion_on_results_of_bounded_size_has_fuel_and_unfolds_as_written(
    function: str, helpers: tuple[str, ...], goal: str, tmp_path: Path
) -> None:
    translator = bounded(function, *helpers, goal=goal)
    assert "_fuelled" in translator.header()
    text = "\n".join(["From Coq Require Lia.", translator.header(), *translator.unfoldings])
    assert compile_rocq(text, tmp_path) == ""


@pytest.mark.parametrize(
    ("function", "helpers", "goal"),
    [
        (
            QUICK.replace("filter (lambda ((z Nat)) true) xs", "filter (lambda ((z Nat)) true) x"),
            (FILTER, LESS),
            "quick",
        ),
        (REMAINDER.replace("(Z Z)", "(Z (rest (minus x y) y))"), (LESS, MINUS), "rest"),  # by nought
        (DEAL.replace("((nil x)\n  ((cons z zs)", "((nil (deal (evens x)))\n  ((cons z zs)"), (HALVES,), "deal"),
    ],
    ids=["as long", "by nought", "one of one"],
)
def test_recursion_on_results_that_may_be_as_large_has_no_translation(
    function: str, helpers: tuple[str, ...], goal: str
) -> None:
    arguments = "Z Z" if goal == "rest" else "(_ nil Nat)"
    with pytest.raises(TranslationError, match=f"not structurally recursive: {goal}"):
        bounded(function, *helpers, goal=f"(= ({goal} {arguments}) ({goal} {arguments}))")


@pytest.mark.parametrize(
    "call",
    [
        "(f y x)",  # as large
        "(f (plus k y) y)",  # smaller for some values only
        "(f (match y ((Z (S k)) ((S m) k))) k)",  # what a match yields
    ],
)
def test_recursion_that_nothing_bounds_has_no_translation(call: str) -> None:
    function = f"(define-fun-rec f ((x Nat) (y Nat)) Nat (match x ((Z Z) ((S k) {call}))))"
    text = f"{NAT} {PLUS} {function} (prove (= (f Z Z) Z))"
    with pytest.raises(TranslationError, match="not structurally recursive: f"):
        translate(parse(text, "example.smt2"), "example")


def test_names_are_legal_and_capture_nothing(tmp_path: Path) -> None:
    text = """(declare-datatype Nat ((Z) (S (p Nat))))
      (declare-datatype fun ((forall) (Prop (x Int))))
      (define-fun-rec |++| ((true2 Nat) (eq Nat)) Nat (match true2 ((Z eq) ((S Type) (S (|++| Type eq))))))
      (define-fun plusplus ((bool Nat) (example Int)) Bool (= (|++| bool Z) bool))
      (prove (forall ((eq Nat) (Z3 Int) (y fun)) (=> (= y (Prop Z3)) (plusplus eq (+ 1 Z3)))))"""
    assert compile_rocq(translated(text) + "\nAbort.", tmp_path) == ""


def test_assertions_are_hypotheses(tmp_path: Path) -> None:
    text = translated(
        f"{NAT} {PLUS} (prove (forall ((x Nat)) (= (plus x Z) x))) (assert (forall ((x Nat)) (= (plus x Z) x)))"
    )
    assert compile_rocq(text + "\nProof. intros H x. apply H. Qed.", tmp_path) == ""


def test_functions_are_compared_pointwise(tmp_path: Path) -> None:
    text = translated(f"{NAT} (prove (forall ((f (=> Nat Nat))) (= f (lambda ((x Nat)) (@ f x)))))")
    assert compile_rocq(text + "\nProof. intros f x. reflexivity. Qed.", tmp_path) == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{NAT}\n(define-sorts x)", "bad.smt2:2: cannot read this declaration: `(define-sorts x)`"),
        (f"{NAT} (prove (exists x Z))", "bad.smt2:1: cannot read this term: `(exists x Z)`"),
        (f"{NAT} (prove (forall ((x Nat)) (= x true)))", "bad.smt2: in `prove`: a term of type"),
        (f"{NAT} (prove (= (foo Z) Z))", "bad.smt2: in `prove`: `foo` is an unknown name"),
        (f"{NAT} (prove (= (S Z Z) Z))", "bad.smt2: in `prove`: `S` takes 1 arguments, not 2"),
        (f"{NAT}", "bad.smt2:1: expected exactly one `(prove …)`, or `(assert (not …))` in its place, found 0"),
        ("(prove (= 1 1)", "bad.smt2:1: an opening parenthesis without its closing one"),
        ("(prove (= |a b 1))", "bad.smt2:1: a quoted symbol or string that does not end"),
    ],
)
def test_unreadable_construct_is_named_with_file_and_form(text: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        translate(parse(text, "bad.smt2"), "bad")


def test_the_translation_does_not_depend_on_the_order_of_sets(tmp_path: Path) -> None:
    names = ["one", "two", "three", "four", "five", "six"]
    defined = [f"(define-fun {name} ((x Nat)) Nat {'(S ' * k}x{')' * k})" for k, name in enumerate(names)]
    every = f"(define-fun every ((x Nat)) Nat {' '.join(f'({name}' for name in names)} x{')' * len(names)})"
    file = tmp_path / "every.smt2"
    file.write_text("\n".join([NAT, *defined, every, "(prove (forall ((x Nat)) (= (every x) x)))"]))
    program = (
        "import sys; from datasets.tip.parse import parse; from datasets.tip.rocq import translate; "
        "print(translate(parse(open(sys.argv[1]).read(), 'every.smt2'), 'every'))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program, str(file)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(told) == 1


def test_the_words_of_rocq_are_those_of_its_backend() -> None:
    assert names.KEYWORDS == keywords.KEYWORDS
