"""Sentences and identifiers of Rocq text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifiers.audit.refusals import Unterminated
from verifiers.audit.rocq.sentences import normal_text, rename, split


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in split(text)]


def test_a_full_stop_ends_a_sentence_only_before_a_blank() -> None:
    assert texts("Check Nat.add 1.5 x.y. Check 2.\nPrint nat.") == ["Check Nat.add 1.5 x.y.", "Check 2.", "Print nat."]


def test_full_stops_in_comments_and_strings_end_nothing() -> None:
    text = '(* a. (* "*)" b. *) c. *) Check (* x. y *) "a. "" b. "%string. Qed.'
    assert texts(text) == ['Check (* x. y *) "a. "" b. "%string.', "Qed."]


def test_an_ellipsis_ends_a_sentence_and_two_dots_do_not() -> None:
    text = 'split... Notation "[ x ; .. ; y ]" := (cons x .. (cons y nil) .. ).'
    assert texts(text) == ["split...", 'Notation "[ x ; .. ; y ]" := (cons x .. (cons y nil) .. ).']


def test_bullets_and_braces_are_sentences() -> None:
    text = "Proof. - split. ++ auto. { now auto. } 2: { lia. } [x]: { lia. } * all: auto. Qed."
    expected = ["Proof.", "-", "split.", "++", "auto.", "{", "now auto.", "}", "2: {", "lia.", "}", "[x]: {", "lia."]
    assert texts(text) == [*expected, "}", "*", "all: auto.", "Qed."]


def test_offsets_point_into_the_text() -> None:
    text = "  Check é. (* . *)\n\tQed.  "
    assert [text[sentence.start : sentence.end] for sentence in split(text)] == ["Check é.", "Qed."]


def test_text_after_the_last_full_stop_is_a_sentence_without_one() -> None:
    assert texts("Qed. Check nat") == ["Qed.", "Check nat"]


@pytest.mark.parametrize("text", ["Check (* x.", '(* " *) Qed.', 'Check "a. Qed.', "(* (* *) Qed."])
def test_an_open_comment_or_string_is_an_error(text: str) -> None:
    with pytest.raises(Unterminated):
        split(text)


SENTENCES = st.sampled_from(
    ("Qed.", "Check x.y (1.5) (* a. *) z.", 'Check "q. "" r"%string.', "auto...", "apply (f x'); [ | now auto].")
)
GAPS = st.sampled_from((" ", "\n\n", " (* c. *) ", "\n(* (* . *) *)\n"))


@given(st.lists(st.tuples(SENTENCES, GAPS)))
def test_any_sequence_of_sentences_is_split_where_it_was_joined(parts: list[tuple[str, str]]) -> None:
    assert texts("".join(sentence + gap for sentence, gap in parts)) == [sentence for sentence, _ in parts]


def test_rename_takes_whole_names_outside_comments_and_strings() -> None:
    table = {"x": "y", "α'": "β", "M.x": "N.z", "nat": "d1"}
    text = "x x' xx α' M.x M.nat nat.x (* x *) \"x\" 3%nat @nat (x:=x) ?x."
    assert rename(text, table) == 'y x\' xx β N.z M.nat nat.x (* x *) "x" 3%nat @d1 (y:=y) ?y.'


@given(st.text(alphabet="ab.x'_ \n()\"*", max_size=40))
def test_renaming_nothing_changes_nothing(text: str) -> None:
    try:
        assert rename(text, {}) == text
    except Unterminated:
        return


def test_normal_text_forgets_layout_and_comments_and_keeps_strings() -> None:
    assert normal_text('Set  A.\n(* c *)\nNotation "a  b" := x.') == 'Set A. Notation "a  b" := x.'
