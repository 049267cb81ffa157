"""Scripts for Isabelle: what is read off a statement's words, and what is tried."""

import pytest

from domain import Const, Lemma
from term_algebra.theory import OpenStatement, open_statement
from verifiers.audit.isabelle.scan import refuse
from verifiers.isabelle.automation import IsabelleWriter, Shape, shape

ASSUMING = 'fixes n :: nat assumes "n > 0" shows "n \\<noteq> 0"'
LISTS = '"rev (xs @ ys) = rev ys @ rev xs"'
LEMMA = Lemma(
    id="a" * 16, revision=1, prover="isabelle", name="a", prelude_id="", definition_ids=(), statement='"True"',
    statement_exact='"True"', term=Const("a"), proof="by simp", uses=(), dedup_key="a", origin_kind="", origins=(),
    parents=(), operator="", round=1, attempt_id="", prover_version="",
)  # fmt: skip


def opened(text: str) -> OpenStatement:
    return open_statement(Const(text))


def scripts(text: str, *lemmas: Lemma) -> list[str]:
    writer = IsabelleWriter()
    plans = list(writer.plans((), opened(text), lemmas))
    return [writer.script(opened(text), plan, lemmas).text for plan in plans]


@pytest.mark.parametrize(
    ("text", "facts", "variables"),
    [
        (ASSUMING, ("assms",), ("n",)),
        (LISTS, (), ("xs", "ys")),
        ('fixes count k :: nat and xs :: "\'a list" shows "f k = k"', (), ("xs", "count", "k", "f")),
        ('"length (map f xs) = length xs" if "xs ~= []" for xs :: "\'a list"', ("that",), ("xs", "f")),
        ('assumes "a dvd b" shows "(\\<Sum>i\\<in>{0..n}. i) = n"', ("assms",), ("a", "b", "n")),
        ('"\\<forall>x y. P x \\<longrightarrow> x \\<in> A"', (), ()),
        ('"2 + 2 = (4 :: nat)"', (), ()),
        ('"unfinished', (), ()),
    ],
)
def test_a_statements_words_tell_its_assumptions_and_variables(
    text: str, facts: tuple[str, ...], variables: tuple[str, ...]
) -> None:
    assert shape(text) == Shape(facts, variables)


def test_a_proof_is_given_the_assumptions() -> None:
    assert "using assms by simp" in scripts(ASSUMING)
    for lemmas in ((), (LEMMA,)):
        assert all(script.startswith("using assms by ") for script in scripts(ASSUMING, *lemmas))
        assert not any("using" in script for script in scripts(LISTS, *lemmas))


def test_inductions_and_splits_are_tried_with_and_without_lemmas() -> None:
    bare = scripts(LISTS)
    wanted = ["by (induction xs) auto", "by (induction xs arbitrary: ys) auto", "by (cases xs) auto", "by code_simp"]
    assert set(wanted) <= set(bare)
    name = LEMMA.canonical_name
    assert f"by (induction xs) (auto simp: {name})" in scripts(LISTS, LEMMA)
    assert f"by (metis {name})" in scripts(LISTS, LEMMA)


@pytest.mark.parametrize("text", [ASSUMING, LISTS])
def test_scripts_are_different_and_pass_the_scanner(text: str) -> None:
    for lemmas in ((), (LEMMA,)):
        found = scripts(text, *lemmas)
        assert len(set(found)) == len(found)
        assert [script for script in found if refuse(script)] == []


def test_what_looks_like_code_simp_is_refused() -> None:
    for text in ("code_simps x", "code_simp_setup", "lemma x [code_simp]: True by simp", "Code.code_simpx code_thms"):
        assert refuse(text) is not None
