"""TIP files that try to mean something else in Rocq than they say."""

import re
import sys
from collections.abc import Iterator

import pytest

from datasets.tip.inference import Inference
from datasets.tip.parse import parse
from datasets.tip.rocq import translate
from datasets.tip.sampling import Sampling
from datasets.tip.spending import fuel_lasts
from datasets.tip.syntax import BOOL, TranslationError
from datasets.tip.typed import Abstraction, Application, Binding, Branch, Local, Selection, substitute
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


def test_substitution_leaves_bound_variables_alone() -> None:
    x, y = Local("x", BOOL), Local("y", BOOL)
    term = Application(Abstraction((x,), x), (x,), BOOL)
    assert substitute(term, "x", y) == Application(Abstraction((x,), x), (y,), BOOL)
    chosen = Selection(x, (Branch("cons", (x,), x), Branch(None, (), x)), BOOL)
    assert substitute(chosen, "x", y) == Selection(y, (Branch("cons", (x,), x), Branch(None, (), y)), BOOL)
    assert substitute(Binding(x, x, x), "x", y) == Binding(x, y, x)


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


@pytest.mark.parametrize(("call", "lasts"), [("k", True), ("(g x)", False), ("(g k)", True)])
def test_runs_show_whether_fuel_lasts(call: str, lasts: bool) -> None:
    same = "(define-fun g ((x Nat)) Nat x)"
    function = f"(define-fun-rec f ((x Nat)) Nat (match x ((Z Z) ((S k) (S (f {call}))))))"
    module = parse(f"{NAT} {same} {function} (prove (= (f Z) Z))", "example.smt2")
    typed = Inference(module, frozenset()).function(module.functions[1][0])
    sampling = Sampling(module, {datatype.name: datatype for group in module.datatypes for datatype in group})
    assert fuel_lasts(module, sampling, typed, (0,)) == lasts


PLUS = "(define-fun-rec plus ((x Nat) (y Nat)) Nat (match x ((Z y) ((S z) (S (plus z y))))))"
LESS = """(define-fun-rec less ((x Nat) (y Nat)) Bool
  (match y ((Z false) ((S m) (match x ((Z true) ((S n) (less n m))))))))"""
MINUS = """(define-fun-rec minus ((x Nat) (y Nat)) Nat
  (match x ((Z Z) ((S n) (match y ((Z x) ((S m) (minus n m))))))))"""
TREE = "(declare-datatype T ((leaf) (node (l T) (r T))))"
WIDE = f"(declare-datatype W ((tip) (wide {' '.join(f'(w{i} W)' for i in range(14))})))"
PAIR = "(declare-datatype P (par (a b) ((pair (p1 a) (p2 b)))))"
DOUBLE = """(define-fun-rec h ((x Nat) (w T)) T (match x ((Z (node w w)) ((S k) (h k (h k w))))))
  (define-fun-rec f ((n Nat) (x T)) T (match x ((leaf leaf) ((node l r) (f n (h n l))))))"""
SQUARE = """(define-fun-rec h ((x Nat) (w Int)) Int (match x ((Z (* w w)) ((S k) (h k (h k w))))))
  (define-fun-rec f ((n Nat) (x Int)) Int (match n ((Z 2) ((S k) (f (ite (<= (h k x) 3) n n) x)))))"""
BRANCHES = """(declare-datatype B ((end) (branches (sub (=> Nat B)) (next B))))
  (define-fun-rec h ((x B)) B (match x ((end end) ((branches g n) (branches g (h n))))))
  (define-fun-rec f ((x B)) B (match x ((end end) ((branches g n) (f (h (@ g Z)))))))"""


def doubled(first: str, function: str, body: str) -> str:
    lets = "".join(f"(let ((t{k + 1} ({function} t{k} t{k}))) " for k in range(30))
    return f"(let ((t0 {first})) {lets} {body}{')' * 31}"


def turned(parameters: int) -> str:
    names = [f"x{k}" for k in range(parameters)]
    binders = " ".join(f"({name} Nat)" for name in names)
    call = " ".join([*names[1:], names[0]])
    return f"(define-fun-rec f ({binders}) Nat (f {call})) (prove (= (f {'Z ' * parameters}) Z))"


def in_turn(functions: int, parameters: int) -> str:
    names = [f"x{k}" for k in range(parameters)]
    binders = " ".join(f"({name} Nat)" for name in names)
    heads = " ".join(f"(f{k} ({binders}) Nat)" for k in range(functions))
    bodies = " ".join(f"(f{(k + 1) % functions} {' '.join(names)})" for k in range(functions))
    return f"(define-funs-rec ({heads}) ({bodies})) (prove (= (f0 {'Z ' * parameters}) Z))"


LEAVES = f"""(define-fun g ((x Nat) (y T)) Nat x)
  (define-fun-rec f ((x Nat) (y T)) Nat (match x ((Z Z) ((S k) {doubled("y", "node", "(f (g k t30) t30)")}))))"""


def comparisons(count: int) -> str:
    names = [f"y{k}" for k in range(count)]
    smaller = " ".join(f"(minus {names[k - 1]} {name})" for k, name in enumerate(names))
    body = f"(f (minus x (plus y0 y1)) {smaller})"
    for k in range(count):
        one, two, three, four = (names[(k + step) % count] for step in (1, 2, 3, 5))
        body = f"(ite (less (minus y{k} (plus {one} {three})) (minus (plus {four} {two}) x)) {body} x)"
    binders = " ".join(f"({name} Nat)" for name in names)
    return f"""{PLUS} {LESS} {MINUS} (define-fun-rec f ((x Nat) {binders}) Nat (match x ((Z Z) ((S k) {body}))))
      (prove (= (f Z {"Z " * count}) Z))"""


@pytest.fixture
def usual_depth() -> Iterator[None]:
    """Python's own limit of recursion, which packages that other tests import have raised."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{NAT} {comparisons(14)}", "not structurally recursive"),
        (f"{NAT} {turned(22)}", "not structurally recursive"),
        (f"{NAT} {in_turn(9, 8)}", "not structurally recursive"),
        (f"{NAT} {TREE} {LEAVES} (prove (= (f Z leaf) Z))", "not structurally recursive"),
        (f"{NAT} {PAIR} (prove {doubled('Z', 'pair', '(= Z Z)')})", "types that are too large"),
        (f"{NAT} {WIDE} (define-fun-rec f ((x Nat) (w W)) Nat (f x w)) (prove (= (f Z tip) Z))", "not structurally"),
        (f"{NAT} {TREE} {DOUBLE} (prove (= (f Z leaf) leaf))", "not structurally recursive"),
        (f"{NAT} {SQUARE} (prove (= (f Z 3) 3))", "not structurally recursive"),
        (f"{NAT} {BRANCHES} (prove (forall ((x B)) (= (f x) end)))", "not structurally recursive"),
        (f"{NAT} (prove (= Z {'(S ' * 5000}Z{')' * 5000}))", "nested too deeply"),
        (f"(prove (= 1 {'9' * 5000}))", "a numeral of more than 300 digits"),
    ],
    ids=[
        "comparisons",
        "parameters",
        "groups",
        "terms",
        "types",
        "wide values",
        "large values",
        "numbers",
        "functions",
        "deep",
        "digits",
    ],
)
def test_file_that_would_take_long_is_refused_in_a_moment(text: str, reason: str, usual_depth: None) -> None:
    with pytest.raises((TranslationError, UserError), match=reason):
        translated(text)
