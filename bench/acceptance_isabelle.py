"""What `acceptance.py` asks of an Isabelle: textbook proofs, cheats that only a prover can refuse, broken proofs.

The statements are of `Main`; `LEMMARY_ISABELLE_SESSION=HOL-Number_Theory` makes miniF2F's imports quick.
"""

from __future__ import annotations

from dataclasses import replace

from bench.material import Material
from domain import Candidate, OutsideError, Problem
from verifiers.audit.isabelle.settings import IsabelleSettings
from verifiers.isabelle.verifier import IsabelleVerifier
from verifiers.protocol import Verifier

READ_SECONDS = 120.0
"""For one statement of miniF2F, wall time: what it imports may not be in the image."""

TREES = """theory Trees imports Main begin
datatype 'a tree = Tip | Node "'a tree" 'a "'a tree"
fun mirror :: "'a tree \\<Rightarrow> 'a tree" where
  "mirror Tip = Tip" | "mirror (Node l x r) = Node (mirror r) x (mirror l)"
fun nodes :: "'a tree \\<Rightarrow> nat" where
  "nodes Tip = 0" | "nodes (Node l x r) = Suc (nodes l + nodes r)"
"""

NUMBERS = """theory Numbers imports Main begin
fun add :: "nat \\<Rightarrow> nat \\<Rightarrow> nat" where
  "add 0 n = n" | "add (Suc m) n = Suc (add m n)"
fun sum_to :: "nat \\<Rightarrow> nat" where
  "sum_to 0 = 0" | "sum_to (Suc n) = sum_to n + Suc n"
inductive ev :: "nat \\<Rightarrow> bool" where
  ev0: "ev 0" | evSS: "ev n \\<Longrightarrow> ev (Suc (Suc n))"
fun evn :: "nat \\<Rightarrow> bool" where
  "evn 0 = True" | "evn (Suc 0) = False" | "evn (Suc (Suc n)) = evn n"
"""

SEQUENCES = """theory Sequences imports Main begin
fun itrev :: "'a list \\<Rightarrow> 'a list \\<Rightarrow> 'a list" where
  "itrev [] ys = ys" | "itrev (x # xs) ys = itrev xs (x # ys)"
"""

POSITIVE = 'fixes n :: nat assumes "n > 0" shows "n \\<noteq> 0"'

SWAP = "\\<exists>x. \\<forall>y. P x y \\<Longrightarrow> \\<forall>y. \\<exists>x. P x y"

NO_SURJECTION = "\"\\<not> surj (f :: 'a \\<Rightarrow> 'a set)\""

CANTOR = """proof
  assume 0: "surj f"
  from 0 have 1: "\\<forall>A. \\<exists>a. A = f a" by (simp add: surj_def)
  from 1 have 2: "\\<exists>a. {x. x \\<notin> f x} = f a" by blast
  from 2 show "False" by blast
qed"""

MIRRORED = """proof (induction t)
  case Tip
  show ?case by simp
next
  case (Node l x r)
  then show ?case by simp
qed"""

ADDED = """proof (induction m)
  case 0
  have "add n 0 = n" for n by (induction n) simp_all
  then show ?case by simp
next
  case (Suc m)
  have "add n (Suc k) = Suc (add n k)" for n k by (induction n) simp_all
  then show ?case using Suc by simp
qed"""


def offer(name: str, header: str, body: str, proof: str) -> Candidate:
    return Candidate(Problem(name, "isabelle", header, f"theorem {name}: {body}"), proof)


HONEST = (
    offer("positive", "", POSITIVE, "using assms by simp"),
    offer("mirror_mirror", TREES, '"mirror (mirror t) = t"', "by (induction t) auto"),
    offer("mirror_in_cases", TREES, '"mirror (mirror t) = t"', MIRRORED),
    offer("nodes_mirror", TREES, '"nodes (mirror t) = nodes t"', "by (induction t) auto"),
    offer("add_zero", NUMBERS, '"add m 0 = m"', "by (induction m) auto"),
    offer("add_assoc", NUMBERS, '"add (add l m) n = add l (add m n)"', "by (induction l) auto"),
    offer("add_is_plus", NUMBERS, '"add m n = m + n"', "by (induction m) auto"),
    offer("add_comm", NUMBERS, '"add m n = add n m"', ADDED),
    offer("gauss", NUMBERS, '"2 * sum_to n = n * (n + 1)"', "by (induction n) (auto simp: algebra_simps)"),
    offer("ev_evn", NUMBERS, '"ev n \\<Longrightarrow> evn n"', "by (induction rule: ev.induct) simp_all"),
    offer("itrev_rev", SEQUENCES, '"itrev xs ys = rev xs @ ys"', "by (induction xs arbitrary: ys) auto"),
    offer("rev_append", "", '"rev (xs @ ys) = rev ys @ rev xs"', "by (induction xs) auto"),
    offer("length_map", "", '"length (map f xs) = length xs"', "by simp"),
    offer("difference", "", '"A \\<subseteq> B \\<union> C \\<Longrightarrow> A - B \\<subseteq> C"', "by blast"),
    offer(
        "swap", "", '"\\<exists>x. \\<forall>y. P x y \\<Longrightarrow> \\<forall>y. \\<exists>x. P x y"', "by blast"
    ),
    offer("cantor", "", "\"\\<not> surj (f :: 'a \\<Rightarrow> 'a set)\"", CANTOR),
    offer(
        "between",
        "",
        'fixes a b c :: nat assumes "a < b" and "b \\<le> c" shows "a + 1 \\<le> c"',
        "using assms by linarith",
    ),
    offer(
        "dvd",
        "",
        'fixes a b c :: nat assumes "a dvd b" and "b dvd c" shows "a dvd c"',
        "using assms by (rule dvd_trans)",
    ),
)

FALSE = '"(1 :: nat) = 2"'
NEGATIVE = '"\\<exists>n :: nat. n < 0"'
INTEGER = '"\\<exists>n :: int. n < 0"'

CHEATS = {
    "by evaluation": offer("goal", "", '"(2 :: nat) + 2 = 4"', "by eval"),
    "by normalization": offer("goal", "", '"(2 :: nat) + 2 = 4"', "by normalization"),
    "not finished": offer("goal", NUMBERS, '"add m n = add n m"', "by (induction m) auto"),
    "a false statement": offer("goal", "", FALSE, "by simp"),
    "another statement": offer("goal", "", FALSE, 'theorem goal: "True" by simp'),
    "a weaker statement": offer("goal", "", FALSE, 'theorem goal: "(1 :: nat) = 2 \\<or> True" by simp'),
    "more assumptions": offer(
        "goal", "", FALSE, 'theorem goal: assumes "(1 :: nat) = 2" shows "(1 :: nat) = 2" by fact'
    ),
    "another type": offer("goal", "", NEGATIVE, f'theorem goal: {INTEGER} by (rule exI[of _ "-1"]) simp'),
    "in a context that assumes it": offer(
        "goal", "", FALSE, f"context assumes f: {FALSE} begin theorem goal: {FALSE} by (fact f) end"
    ),
    "in a locale that assumes it": offer(
        "goal", "", FALSE, f"locale l = assumes f: {FALSE} begin theorem goal: {FALSE} by (fact f) end"
    ),
    "another constant of the same name": offer(
        "goal",
        NUMBERS,
        '"sum_to 1 = 0"',
        'definition sum_to :: "nat \\<Rightarrow> nat" where "sum_to n = 0"\n'
        'theorem goal: "sum_to 1 = 0" by (simp add: sum_to_def)',
    ),
    "a lemma that is given up": offer("goal", "", FALSE, f"lemma h: {FALSE} sorry\ntheorem goal: {FALSE} by (rule h)"),
    "ML": offer("goal", "", FALSE, "by (tactic \\<open>Skip_Proof.cheat_tac @{context} 1\\<close>)"),
    "an option": offer("goal", "", FALSE, "using [[quick_and_dirty]] by simp"),
    "a loop": offer(
        "goal", "", 'assumes a: "\\<And>x. f x = f (x + (1 :: nat))" shows "f 0 = (3 :: nat)"', "by (simp only: a)"
    ),
}
"""What each does → a candidate that must not be accepted. Those that the scanner would refuse come last."""

BROKEN_CASE = MIRRORED.replace("then show ?case by simp", "then show ?case by (rule refl)")
BROKEN_STEP = CANTOR.replace("by (simp add: surj_def)", "by nothing")

BROKEN = (
    offer("positive", "", POSITIVE, "using assms by blast"),
    offer(
        "mirror_mirror",
        TREES,
        '"mirror (mirror t) = t"',
        BROKEN_CASE,
    ),
    offer("nodes_mirror", TREES, '"nodes (mirror t) = nodes t"', "by (induction t) blast"),
    offer(
        "cantor",
        "",
        "\"\\<not> surj (f :: 'a \\<Rightarrow> 'a set)\"",
        BROKEN_STEP,
    ),
)


def opened(**changes: int) -> IsabelleVerifier:
    """A verifier for the Isabelle that the environment names. Raises `OutsideError` where that is no release of it."""
    verifier = IsabelleVerifier(replace(IsabelleSettings.from_environment(), cache_entries=0, **changes))
    if verifier.release is None:
        version = verifier.version
        verifier.close()
        raise OutsideError(f"{version!r} answers, which is no release of Isabelle known here")
    return verifier


def alone() -> IsabelleVerifier:
    return opened(audits_per_session=1)


def unread(verifier: Verifier, problem: Problem) -> str | None:
    said = verifier.replay(Candidate(problem, ""), READ_SECONDS)
    return None if said.ok else next((message.text for message in said.messages), "it is not read")


MATERIAL = Material("isabelle", opened, alone, "minif2f-isabelle", unread, "(* {} *)", HONEST, CHEATS, BROKEN)
