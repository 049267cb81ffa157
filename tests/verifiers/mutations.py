"""Texts that nobody should have to expect, made from real proofs by a seeded random source; and the real proofs.

A theory is a header with statements, true and false, and honest proofs of the true ones. `offers()` draws a
statement of a theory and a text: a real proof, perhaps of another statement, after some mutations, or plain noise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from random import Random

from domain import Candidate, Problem


@dataclass(frozen=True)
class Theory:
    """`true` and `false` are propositions; `proofs` holds honest proofs by the index of their statement in `true`."""

    header: str
    true: tuple[str, ...]
    false: tuple[str, ...]
    proofs: tuple[tuple[int, str], ...]


OWN = Theory(
    header="""Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => b | Succ x => Succ (plus x b) end.
Inductive L := Nil | Cons (x : N) (l : L).
Fixpoint append (k l : L) := match k with Nil => l | Cons x m => Cons x (append m l) end.
Fixpoint length (l : L) := match l with Nil => Zero | Cons _ m => Succ (length m) end.""",
    true=(
        "forall x, plus x Zero = x",
        "forall x y, plus x (Succ y) = Succ (plus x y)",
        "forall x y, plus x y = plus y x",
        "forall k l m, append (append k l) m = append k (append l m)",
        "forall k l, length (append k l) = plus (length k) (length l)",
        "forall P Q : Prop, P /\\ Q -> Q /\\ P",
        "exists x, forall y, plus x y = y",
    ),
    false=(
        "forall x, plus x Zero = Succ x",
        "False",
        "forall x y, plus x y = x",
        "forall k l, append k l = append l k",
        "exists x, Succ x = Zero",
    ),
    proofs=(
        (0, "induction x; simpl; congruence."),
        (0, "intros x. induction x as [| x IH].\n- reflexivity.\n- simpl. rewrite IH. reflexivity."),
        (0, "Proof.\n  induction x as [|x IH]; [reflexivity|].\n  cbn. now rewrite IH.\nQed."),
        (0, "exact (fix f x := match x with Zero => eq_refl | Succ y => f_equal Succ (f y) end)."),
        (1, "intros x y. induction x as [|x IH]; simpl; [ reflexivity | rewrite IH; reflexivity ]."),
        (1, "induction x; intros; [ trivial | simpl; f_equal; auto ]."),
        (
            2,
            """Lemma zero : forall x, plus x Zero = x. Proof. induction x; simpl; congruence. Qed.
Lemma succ : forall x y, plus x (Succ y) = Succ (plus x y). Proof. induction x; intros; simpl; congruence. Qed.
Theorem goal : forall x y, plus x y = plus y x.
Proof. induction x; intros; simpl. { now rewrite zero. } { rewrite succ. (* the step *) now rewrite IHx. } Qed.""",
        ),
        (3, "induction k as [|x k IH]; intros; simpl. { reflexivity. } { rewrite IH. reflexivity. }"),
        (
            3,
            """Ltac crush := simpl; intros; try congruence.
Theorem goal : forall k l m, append (append k l) m = append k (append l m).
induction k; crush. Defined.""",
        ),
        (4, "intros k l; elim k; simpl; [ reflexivity | ]. intros x m e. rewrite e. exact eq_refl."),
        (5, "tauto."),
        (5, "intros P Q [p q]; split; assumption."),
        (5, "exact (fun P Q H => match H with conj p q => conj q p end)."),
        (6, "exists Zero. intro y. change (y = y). reflexivity."),
        (6, "Definition witness := Zero. Theorem goal : exists x, forall y, plus x y = y. exists witness. auto. Qed."),
    ),
)

LIBRARY = Theory(
    header="Require Import Arith Lia List.\nImport ListNotations.",
    true=(
        "forall a b : nat, a + b = b + a",
        "forall a b : nat, a < b -> a * 2 < b * 2",
        "forall (A : Type) (l : list A), rev (rev l) = l",
        "forall n : nat, exists m, n = 2 * m \\/ n = 2 * m + 1",
        "forall (A : Type) (k l : list A), length (k ++ l) = length l + length k",
    ),
    false=(
        "forall a b : nat, a - b + b = a",
        "forall n : nat, n < n * n",
        "forall (A : Type) (k l : list A), k ++ l = l ++ k",
        "forall P : Prop, P \\/ ~ P -> P",
    ),
    proofs=(
        (0, "lia."),
        (0, "intros a b. apply Nat.add_comm."),
        (0, "induction a; intros; simpl; [ rewrite <- plus_n_O | rewrite IHa, plus_n_Sm ]; reflexivity."),
        (1, "intros; nia."),
        (1, "intros a b H. apply Nat.mul_lt_mono_pos_r; auto with arith."),
        (2, "intros A l. apply rev_involutive."),
        (2, "induction l as [|x l IH]; cbn; [ | rewrite rev_app_distr, IH ]; reflexivity."),
        (3, "induction n as [|n [m [H|H]]]. exists 0; lia. exists m; lia. exists (S m). lia."),
        (3, "intros n. exists (n / 2). pose proof (Nat.div_mod n 2). pose proof (Nat.mod_upper_bound n 2). lia."),
        (4, "intros. rewrite app_length. lia."),
    ),
)

THEORIES = (OWN, LIBRARY)


def _insertions(kind: str) -> tuple[str, ...]:
    text = (Path(__file__).parent / "rocq_insertions.txt").read_text()
    return tuple(text.partition(f"== {kind}\n")[2].partition("\n\n")[0].splitlines())


VERNACULAR = _insertions("vernacular")
"""Sentences that a proof has no use for, and some that it may have."""

TACTICS = _insertions("tactics")
"""Tactics, honest and not."""

SIGNS = r"( ) [ ] { } (* *) \" . ; , : := => | - + * _ ? ! @ # $ % & ' ` ~ / \ .. ... |- <- -> fun forall exists"
SNIPPETS = (
    *SIGNS.split(" "),
    "\0", "\t", "\r", "\r\n", "\v", "\f", "\x1b[0m", "\x7f", "\u00a0", "\u200b", "\u202e", "\ufeff", "\u2028", "é",
    "∀", "𝔸", "\udc80", "\ud83d", "(*(*(*", '(*"*)', '"(*"', "*)", "(**)", "(*)*)", "Qed", "end", "Zero.", "x.y", ".x",
    "</value>", "<call>", "&lt;", "&nbsp;", "]]>", "<!--", "<?xml?>", "0x", "1e9", "9" * 20, "%nat", "@eq", ". .",
)  # fmt: skip
"""Signs, and characters and words that may confuse a reader of them."""

LARGEST = 10_000_000
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_SENTENCE = re.compile(r"(?<=\.)\s+")


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _mutate(chance: Random, text: str, other: str) -> str:
    """One mutation."""
    tokens = _tokens(text) or [" "]
    at = chance.randint(0, len(tokens) - 1)
    sentences = _SENTENCE.split(text)
    cut = chance.randint(0, len(sentences))
    match chance.choice(MUTATIONS):
        case "delete":
            del tokens[at : at + chance.randint(1, 3)]
        case "duplicate":
            tokens[at:at] = tokens[at : at + chance.randint(1, 6)]
        case "swap":
            to = chance.randint(0, len(tokens) - 1)
            tokens[at], tokens[to] = tokens[to], tokens[at]
        case "replace":
            tokens[at] = chance.choice(_tokens(other) or [" "])
        case "snippet":
            tokens.insert(at, chance.choice(SNIPPETS))
        case "bytes":
            tokens.insert(at, chance.randbytes(chance.randint(0, 12)).decode("utf-8", "surrogateescape"))
        case "vernacular":
            return " ".join([*sentences[:cut], chance.choice(VERNACULAR), *sentences[cut:]])
        case "tactic":
            tactic = chance.choice(TACTICS)
            return " ".join([*sentences[:cut], tactic, *sentences[cut:]])
        case "splice":
            rest = _SENTENCE.split(other)
            return " ".join([*sentences[:cut], *rest[chance.randint(0, len(rest)) :]])
        case "drop":
            del sentences[cut : cut + 1]
            return " ".join(sentences)
        case _:  # "again"
            return " ".join([*sentences[:cut], *sentences[max(0, cut - 1) :]])
    return "".join(tokens)


MUTATIONS = (
    *("delete", "duplicate", "swap", "replace", "snippet", "bytes"),
    *("vernacular", "tactic", "splice", "drop", "again"),
)

NESTED = (
    ("exact ", "(", "I", ")", "."),
    ("", "(* ", "x", " *)", " tauto."),
    ("", "{ ", "auto.", " }", ""),
    ("", "try (", "auto", ")", "."),
    ("exact (", "Succ (", "Zero", ")", ")."),
    ("exact (", "fun x => ", "x", "", ")."),
    ("assert (", "True -> ", "True", "", ")."),
    ("intros ", "[", "x", "]", "."),
    ("", "- ", "auto.", "", ""),
    ("", "1: ", "auto.", "", ""),
    ('idtac "', '""', "", "", '".'),
    ("repeat ", "progress ", "auto", "", "."),
    ("assert (", "~ ", "False", "", ")."),
)
"""Prefix, opening, core, closing, suffix: to be nested."""

UNITS = ("x", "auto. ", "(*", "(* *)", '"', "a.", "- ", "\0", "é", "Zero (", ". ", "idtac; ", "[|")
"""What long lines are made of."""


def texts(chance: Random, proof: str, other: str, largest: int = LARGEST) -> str:
    """A text made from a proof: mutated, or put beside something deep or long, or replaced by noise."""
    kind = chance.randint(0, 99)
    if kind < 82:
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3))):
            proof = _mutate(chance, proof, other)
        return proof
    if kind < 88:
        return chance.randbytes(chance.randint(0, 200)).decode("utf-8", "surrogateescape")
    if kind < 91:
        return "".join(map(chr, chance.choices(range(0x11000), k=100)))
    if kind < 98:
        before, opening, core, closing, after = chance.choice(NESTED)
        depth = chance.choice([5, 50, 300, 2_000, 20_000])
        nested = before + opening * depth + core + closing * chance.choice([depth, depth, depth - 1]) + after
        return chance.choice([nested, f"{nested} {proof}", f"{proof} {nested}"])
    unit = chance.choice(UNITS)
    long = unit * (chance.choice([largest // 1000, largest // 100, largest]) // len(unit))
    return chance.choice([long, f"{proof} {long}", f"(* {long} *) {proof}", f'idtac "{long}". {proof}'])


@dataclass(frozen=True)
class Offered:
    """A candidate, whether its statement is a true one, and that proposition."""

    candidate: Candidate
    true: bool
    proposition: str


def offers(chance: Random, largest: int = LARGEST) -> Offered:
    """A statement of a theory with a text: mostly one made from a proof of that statement."""
    theory = chance.choice(THEORIES)
    index, proof = chance.choice(theory.proofs)
    _, other = chance.choice(theory.proofs)
    true = chance.randint(0, 9) < 8
    proposition = theory.true[index] if true else chance.choice(theory.false)
    if true and chance.randint(0, 9) == 7:
        proposition = chance.choice(theory.true)
    if not true:
        proof = re.sub(r"Theorem goal : [^.]*\.", lambda _: f"Theorem goal : {proposition}.", proof)
    text = texts(chance, proof, other, largest)
    preamble = chance.choice([""] * 40 + ["Ltac mine := auto.", "Axiom lie : False.", "Ltac (", "\0"])
    statement = f"Theorem goal : {proposition}."
    if chance.randint(0, 49) == 17:  # a broken statement; what it says then is not known to be true
        statement, true = _mutate(chance, statement, other), False
        proposition = ""
    header = theory.header
    if chance.randint(0, 99) == 23:
        header = chance.choice([_mutate(chance, header, ""), "\0", "Require Import Nowhere.", "Lemma open : True."])
        proposition, true = "", False
    return Offered(Candidate(Problem("goal", "rocq", header, statement), text, (), preamble), true, proposition)
