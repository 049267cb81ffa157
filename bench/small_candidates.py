"""Small distinct candidates under heavy imports, right and wrong ones mixed, from a seed.

Every candidate is short and gets as far as the prover: none is refused by the lint, none is malformed, no two are the
same. Three of four are meant to be right; the others fail as proofs of real use do (a false statement, a wrong name, an
unfinished proof, a theorem that is not the one asked for).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from domain import Candidate, Problem

HEADER = "Require Import Reals Lra Psatz Lia Arith.\nOpen Scope R_scope."


class Made(NamedTuple):
    """A candidate, the family that it is of, and whether it ought to be proved."""

    candidate: Candidate
    family: str
    right: bool


class Text(NamedTuple):
    statement: str
    proof: str


def _linear_reals(draw: random.Random) -> Text:
    k, c = draw.randint(2, 99), draw.randint(1, 999)
    return Text(f"forall a b : R, a < b -> {k} * a + {c} < {k} * b + {c + draw.randint(0, 9)}", "intros; lra.")


def _linear_integers(draw: random.Random) -> Text:
    k, c = draw.randint(2, 9), draw.randint(0, 99)
    return Text(
        f"forall n m : nat, (n <= m -> {k} * n + {c} <= {k} * m + {c + draw.randint(0, 9)})%nat", "intros; lia."
    )


def _ring(draw: random.Random) -> Text:
    a, b = draw.randint(2, 99), draw.randint(2, 99)
    return Text(f"forall x : R, (x + {a}) * (x + {b}) = x * x + {a + b} * x + {a * b}", "intros; ring.")


def _square(draw: random.Random) -> Text:
    a, c = draw.randint(2, 99), draw.randint(0, 99)
    return Text(
        f"forall x : R, - {c} <= (x - {a}) * (x - {a})",
        f"intros x; pose proof (Rle_0_sqr (x - {a})) as H; unfold Rsqr in H; nra.",
    )


def _rewriting(draw: random.Random) -> Text:
    c, d = draw.randint(1, 99), draw.randint(1, 99)
    return Text(
        f"forall x y : R, x + {c} + (y + {d}) = y + {d} + (x + {c})", "intros x y; rewrite Rplus_comm; reflexivity."
    )


def _induction(draw: random.Random) -> Text:
    c, d = draw.randint(1, 9), draw.randint(0, 99)
    proof = "induction n as [|n IH].\n- reflexivity.\n- simpl in *; rewrite IH; reflexivity."
    return Text(f"forall n : nat, (n + {c} + {d} = n + {c + d})%nat", proof)


def _logic(draw: random.Random) -> Text:
    c, d = draw.randint(0, 999), draw.randint(0, 999)
    return Text(
        f"forall x y : R, x < {c} /\\ y = {d} \\/ x > {c} -> x > {c} \\/ y = {d}", "intros x y [[_ H] | H]; auto."
    )


def _applying(draw: random.Random) -> Text:
    c = draw.randint(1, 999)
    proof = "intros x y H.\napply Rlt_le_trans with (x + y).\n- lra.\n- apply Rle_refl."
    return Text(f"forall x y : R, {c} < y -> x + {c} < x + y", proof)


FAMILIES: dict[str, Callable[[random.Random], Text]] = {
    "linear, reals": _linear_reals,
    "linear, naturals": _linear_integers,
    "ring": _ring,
    "squares": _square,
    "rewriting": _rewriting,
    "induction": _induction,
    "logic": _logic,
    "applying": _applying,
}


def _spoil(text: Text, name: str, draw: random.Random) -> Text:
    """The same made wrong in one of the ways in which proofs are wrong."""
    match draw.randrange(5):
        case 0:
            return text._replace(proof=text.proof.rpartition("\n")[0] + "\nrewrite Rplus_commutative. lra.")
        case 1:
            return text._replace(proof="intros.")
        case 2:
            return text._replace(proof="intros; reflexivity.")
        case 3:
            other = f"forall n : nat, (n + {draw.randint(0, 99)} >= n)%nat"
            return text._replace(proof=f"Theorem {name} : {other}. Proof. intros; lia. Qed.")
        case _:
            return Text(f"forall x : R, x * x + {draw.randint(0, 999)} < x + {draw.randint(0, 999)}", "intros; lra.")


def make(count: int, seed: int) -> list[Made]:
    """`count` candidates, each with a statement that no other has."""
    draw = random.Random(seed)
    seen: set[str] = set()
    made: list[Made] = []
    while len(made) < count:
        family = draw.choice(list(FAMILIES))
        right = draw.random() < 0.75
        name = f"t{len(made)}"
        text = FAMILIES[family](draw)
        text = text if right else _spoil(text, name, draw)
        if text.statement not in seen:
            seen.add(text.statement)
            problem = Problem(name, "rocq", HEADER, f"Theorem {name} : {text.statement}.")
            made.append(Made(Candidate(problem, text.proof), family, right))
    return made


OWN_TYPES = """Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => b | Succ x => Succ (plus x b) end."""


def make_over_own_types(count: int) -> list[Made]:
    """Right candidates under a header that imports nothing."""
    made: list[Made] = []
    for number in range(count):
        tower = "(Succ " * number + "Zero" + ")" * number
        statement = f"Theorem t{number} : forall x y : N, plus (plus x {tower}) y = plus x (plus {tower} y)."
        problem = Problem(f"t{number}", "rocq", OWN_TYPES, statement)
        made.append(Made(Candidate(problem, "intros; induction x; simpl in *; congruence."), "own types", True))
    return made
