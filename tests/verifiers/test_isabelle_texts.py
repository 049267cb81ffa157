"""Headers, statements, candidates, goals and positions: read, taken apart and put together, on real texts too."""

import gzip
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers.theorem import IsabelleLexer

from domain import Const, Forall, Goal, Hypothesis, Lemma
from verifiers.audit.isabelle import scan
from verifiers.audit.isabelle.cases import offset_of_symbol
from verifiers.audit.isabelle.comparison import ACCESS, audit_body, judge, read_answer, release_year
from verifiers.audit.isabelle.keywords import ALLOWED, ML_METHODS, REFUSED
from verifiers.audit.isabelle.scan import Unreadable, tokens
from verifiers.audit.isabelle.theories import (
    Header,
    Names,
    lemma_texts,
    named_lemmas,
    parse_header,
    parse_statement,
    place,
    theory,
)
from verifiers.audit.refusals import Malformed
from verifiers.isabelle.goals import read_goal, read_goals, render

HEADER = Header(("Main", "HOL-Library.Multiset"), "")
STATEMENT = parse_statement('theorem goal: fixes n :: nat assumes "n > 0" and h: "n < 2" shows "n = 1"')


def code(text: str) -> list[str]:
    return [token.text for token in tokens(text) if token.kind != "comment"]


# ------------------------------------------------------------------------------------------------------ real texts


def problems(shared_data: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (shared_data / "minif2f_isabelle.jsonl").read_text().splitlines()]


def test_every_statement_of_minif2f_is_read_and_written_back(shared_data: Path) -> None:
    read = problems(shared_data)
    for one in read:
        header, statement = parse_header(one["header"]), parse_statement(one["formal_statement"])
        assert statement.name == one["name"]
        assert header.imports
        assert parse_statement(statement.text) == statement
    assert len(read) == 366


def test_every_reference_proof_of_minif2f_passes_the_scanner_and_has_a_place(shared_data: Path) -> None:
    proofs = 0
    for one in problems(shared_data):
        if not one["reference_proof"]:
            continue
        proofs += 1
        statement = parse_statement(one["formal_statement"])
        placed = place(one["reference_proof"], statement, parse_header(one["header"]))
        assert placed.before == f"{statement.text}\n"
        assert scan.refuse(placed.text) is None, one["name"]
    assert proofs > 100


def test_no_honest_lego_prover_skill_is_refused(shared_data: Path) -> None:
    """They were accepted by Isabelle; the share that the scanner refuses, by reason, is none."""
    refused: Counter[str] = Counter()
    skills = 0
    with gzip.open(shared_data / "lego_skills.jsonl.gz", "rt") as lines:
        for line in lines:
            skills += 1
            refused[scan.refuse(json.loads(line)["full_code"]) or ""] += 1
    assert skills == refused[""] == 4306


def test_requests_that_are_no_statements_are_told(shared_data: Path) -> None:
    """A language model wrote these, some with a proof, and many cut off."""
    told: Counter[bool] = Counter()
    with gzip.open(shared_data / "lego_requests.jsonl.gz", "rt") as lines:
        for line in lines:
            try:
                parse_statement(json.loads(line)["formal_statement"])
            except Malformed:
                told[False] += 1
            else:
                told[True] += 1
    assert told[True] > 10 * told[False]


# ---------------------------------------------------------------------------------------------- headers, statements


def test_a_statement_is_taken_apart() -> None:
    assert (STATEMENT.name, STATEMENT.body) == ("goal", 'fixes n :: nat assumes "n > 0" and h: "n < 2" shows "n = 1"')
    assert parse_statement('lemma a[simp]: "x = x" sorry').body == '"x = x"'
    assert parse_statement("corollary b: (* why *) \\<open>x = x\\<close>").body == "\\<open>x = x\\<close>"


def test_blanks_in_quotes_are_kept() -> None:
    assert parse_statement("theorem a: \"s = ''x  y''\"").body == "\"s = ''x  y''\""


def test_an_empty_header_imports_main() -> None:
    assert parse_header("") == parse_header("(* nothing *)") == Header(("Main",), "")


def test_a_header_has_imports_and_declarations() -> None:
    text = 'theory X\nimports Main "HOL-Library.Multiset" begin (* here *) definition "a = 1"\ncontext begin end'
    assert parse_header(text).imports == ("Main", "HOL-Library.Multiset")
    assert parse_header(text).body.endswith('definition "a = 1"\ncontext begin end')


@pytest.mark.parametrize(
    "header", ["imports Main", "theory X begin", "theory X imports begin", "theory X imports Main begin end", "(*"]
)
def test_what_is_no_header_is_malformed(header: str) -> None:
    with pytest.raises(Malformed):
        parse_header(header)


# ------------------------------------------------------------------------------------------------------ candidates


def test_only_a_proof_gets_our_statement() -> None:
    for proof in ("by simp", "(* ! *) proof - qed", "using assms by simp", "..", "."):
        assert place(proof, STATEMENT, HEADER).before == f"{STATEMENT.text}\n"


def test_declarations_stand_as_they_are() -> None:
    text = 'lemma a: "True" by simp\ntheorem goal: "True" by simp'
    assert place(text, STATEMENT, HEADER) == ("", text, 0)


def test_a_whole_theory_loses_its_frame_and_keeps_its_place() -> None:
    text = 'theory Mine imports Main "HOL-Library.Multiset"\nbegin lemma a: "True" by simp\nend\n'
    placed = place(text, STATEMENT, HEADER)
    assert text[placed.offset : placed.offset + len(placed.text)] == placed.text
    assert placed.text == ' lemma a: "True" by simp\n'


def lemma(identity: str, proof: str) -> Lemma:
    return Lemma(
        id=identity * 16, revision=1, prover="isabelle", name=identity, prelude_id="", definition_ids=(), statement="",
        statement_exact='"True"', term=Const("True"), proof=proof, uses=(), dedup_key="", origin_kind="", origins=(),
        parents=(), operator="", round=1, attempt_id="", prover_version="",
    )  # fmt: skip


def test_lemmas_come_with_those_that_their_proofs_name() -> None:
    a, b, c = lemma("a", "by simp"), lemma("b", f"by (rule {'la' + 'a' * 15})"), lemma("c", "by simp")
    assert named_lemmas((a, b, c), f"using {b.canonical_name} by simp") == (a, b)
    assert lemma_texts((a,), assumed=True).split() == ["lemma", f"{a.canonical_name}:", '"True"', "sorry"]
    assert lemma_texts((a,), assumed=False).split()[-2:] == ["by", "simp"]


def test_imports_are_quoted() -> None:
    assert theory("X", ["HOL-Library.Multiset"], "b") == 'theory X imports "HOL-Library.Multiset"\nbegin\nb\nend\n'


# ------------------------------------------------------------------------------------------------------ the scanner


GONE = """apply_trace arities binds c_defs c_types classes classrel code_class code_const code_include code_instance
    code_modulename code_type crunch crunch_ignore datatype_new datatype_new_compat def defer_recdef
    defining display_drafts enriched_type guess header hoarestate install_C_file
    install_C_types memsafe nominal_function nominal_termination permanent_interpretation
    pr primrec_new print_binds rep_datatype schematic_corollary schematic_lemma schematic_theorem
    sect smt2_status spark_proof_functions spark_types subsect subsubsect theorems txt_raw wpc_setup
    wrap_free_constructors"""
"""Commands of releases before 2020, and of systems beside the distribution."""


def test_every_command_that_another_lexer_knows_is_allowed_or_refused() -> None:
    """Pygments has a list too; what only old releases or other systems had is left out."""
    groups = [name for name in dir(IsabelleLexer) if name.startswith("keyword_") and name != "keyword_minor"]
    known = {word for name in groups for word in getattr(IsabelleLexer, name)}
    assert known - set(GONE.split()) <= ALLOWED | set(REFUSED)
    assert not ALLOWED & set(REFUSED)


@given(st.text(st.sampled_from("abé \n\"`\\<>()*[]{}‹›open^sub@.,;:=1_'―"), max_size=80))
def test_tokens_cover_a_text_in_order(text: str) -> None:
    try:
        read = list(tokens(text))
    except Unreadable:
        return
    end = 0
    for token in read:
        assert not text[end : token.start].strip()
        assert text[token.start : token.end] == token.text
        end = token.end
    assert not text[end:].strip()


BEFORE = st.sampled_from(["", " ", "\n", "é", "_", "1", "?", "'", "(", ")", ";", "\\<alpha>", "by simp ", "(* x *)"])
AFTER = st.sampled_from(["", " ", "\n", "é", "(* x *)", "‹x›", '"x"', ";", ")", "\\<alpha>"])


@given(BEFORE, st.sampled_from(sorted(REFUSED)), AFTER)
def test_a_refused_word_is_seen_whatever_stands_around_it(before: str, word: str, after: str) -> None:
    assert scan.refuse(f"by simp {before}{word}{after}") is not None


@given(
    st.sampled_from(sorted(REFUSED.keys() - ML_METHODS)),
    st.sampled_from(['"{}"', "(* {} *)", "(* (* {} *) *)", "‹{}›", "`{}`"]),
)
def test_a_refused_word_in_quotes_is_none(word: str, quotes: str) -> None:
    assert scan.refuse(f"have {quotes.format(word)} by simp") is None


def test_what_only_looks_like_a_refused_word_is_none() -> None:
    for text in ("using assms(1) sorry_free.thm by simp", "by (rule my_oops)", "note x'ML", "unfolding value.simps"):
        assert scan.refuse(text) is None


def test_a_long_line_and_deep_nesting_are_read() -> None:
    assert scan.refuse('using "' + "x" * 10_000_000 + '" by simp') is None
    assert scan.refuse("(*" * 100_000 + "*)" * 100_000 + "by simp") is None
    assert scan.refuse("have " + "‹" * 100_000 + "›" * 100_000) is None
    assert scan.refuse("[" * 100_000) is not None
    assert scan.refuse("[x " * 100_000) is None


# --------------------------------------------------------------------------------------------- goals, places, audit


def test_goals_are_cut_into_their_parts() -> None:
    said = (
        "proof (prove)\ngoal (2 subgoals):\n 1. \\<And>x y. \\<lbrakk>0 < x; P [x, y]\\<rbrakk> \\<Longrightarrow>\n"
        "       Q x\n 2. x = y \\<Longrightarrow> (A \\<Longrightarrow> B) \\<Longrightarrow> C"
    )
    printed = read_goals(said)
    assert printed is not None
    assert printed.total == 2
    unknown = Const("_")
    assert printed.goals[0] == Goal(
        (
            Hypothesis("x", unknown),
            Hypothesis("y", unknown),
            Hypothesis("_", Const("0 < x")),
            Hypothesis("_", Const("P [x, y]")),
        ),
        Const("Q x"),
    )
    assert [one.type for one in printed.goals[1].hypotheses] == [
        Const("x = y"),
        Const("(A \\<Longrightarrow> B)"),
    ]
    assert printed.goals[1].conclusion == Const("C")


def test_no_goals_and_no_state_are_not_the_same() -> None:
    assert read_goals("proof (prove)\ngoal:\nNo subgoals!") == ((), 0)
    assert read_goals("theorem goal: True") is None


def test_what_has_no_shape_of_a_goal_is_refused() -> None:
    for text in ("", "(A", "\\<lbrakk>A; B"):
        with pytest.raises(ValueError, match="goal"):
            read_goal(text)


def test_a_goal_is_stated_again() -> None:
    term = Forall("x", Const("nat"), Forall("_", Const("0 < x"), Const("P x")))
    assert render(term) == "(\\<And>x :: nat. (0 < x) \\<Longrightarrow> P x)"


@given(st.lists(st.sampled_from(["\\<forall>", "a", "∀", "\n", "\\<^sub>", "\\"])))
def test_symbols_are_counted_as_isabelle_does(symbols: list[str]) -> None:
    text = "".join(symbols)
    for number in range(len(symbols)):
        assert offset_of_symbol(text, number + 1) == len("".join(symbols[:number]))


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("Isabelle2025-2", 2025),
        ("Isabelle2021", 2021),
        ("Isabelle2024-RC3", 2024),
        ("Isabelle2020", 2020),
        ("Isabelle2019", None),
        ("Isabelle2025-2 (stand-in)", None),
        ("Isabelle", None),
        ("", None),
        ("Isabelle2025\n", None),
    ],
)
def test_only_published_releases_that_the_audit_knows_are_releases(name: str, year: int | None) -> None:
    assert release_year(name) == year


def test_the_audit_text_is_filled_with_what_the_server_understands() -> None:
    names = Names("S", "R", "L", "C", "A")
    new, old = (audit_body(names, "goal", "0" * 32, [ways[at] for ways in ACCESS.values()]) for at in (0, 1))
    assert not re.search("@[A-Z]+@", new + old)
    assert 'facts "C.goal"' in new
    assert new != old
    strict = audit_body(names, "goal", "0" * 32, [], strict_oracles=["holds_by_evaluation"])
    assert '["holds_by_evaluation"]' in strict
    assert 'else error "not a proof of the statement"' in strict


@given(st.lists(st.sampled_from(["given 1", "same true", "hyps 0", "done @", "oracle x", "axiom", "nonsense", "uses"])))
def test_an_answer_is_complete_or_none(lines: list[str]) -> None:
    assert read_answer([f"@ {line}" for line in lines], "@") is None


COMPLETE = ["given 1", "stated 1", "same true", "hyps 0", "shyps 0", "tpairs 0", "skipped false", "skip_proofs false"]


@given(st.permutations([*COMPLETE, "done @"]), st.data())
def test_an_answer_with_a_line_missing_or_twice_is_none(lines: list[str], data: st.DataObject) -> None:
    said = read_answer(["noise", *(f"@ {line}" for line in lines), "@@ same false"], "@")
    assert said is not None
    assert judge(said, "goal", ()) is None
    at = data.draw(st.integers(0, len(lines) - 1))
    assert read_answer([f"@ {line}" for line in [*lines[:at], *lines[at + 1 :]]], "@") is None
    assert read_answer([f"@ {line}" for line in [*lines, lines[at]]], "@") is None
