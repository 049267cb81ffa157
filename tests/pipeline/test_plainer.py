"""Closing tactics are written in the plainest form that closes the goal."""

import pytest

from pipeline.development.search.plainer import plainer

END = "solve [auto | congruence]"


@pytest.mark.parametrize(
    ("tactic", "closing", "plain"),
    [
        ("auto", set[str](), "auto"),
        (
            f"match goal with H : _ |- _ => solve [inversion H; subst; simpl in *; {END}] end",
            {f"inversion G; subst; simpl in *; {END}", "inversion G; subst; simpl in *; congruence", "inversion G"},
            "inversion G; subst; simpl in *; congruence",
        ),
        (
            "inversion G; subst; congruence",
            {"inversion G; congruence", "inversion G"},
            "inversion G",
        ),
        (
            f"do 8 try (first [rewrite a | rewrite <- b]; simpl; auto); {END}",
            {"rewrite <- b, a; congruence", "rewrite <- !b, !a; auto"},
            "rewrite <- b, a; congruence",
        ),
        (
            "do 8 try (first [rewrite a | rewrite b]); ring",
            {"rewrite b, a; ring"},
            "rewrite b, a; ring",
        ),
        (
            f"do 8 try (rewrite a by auto; simpl; auto); {END}",
            set[str](),
            f"do 8 try (rewrite a by auto; simpl; auto); {END}",
        ),
        (
            f"simpl in *; intuition ({END})",
            {"intuition congruence", "simpl in *; intuition (auto)"},
            "intuition congruence",
        ),
    ],
)
def test_the_plainest_form_that_closes_the_goal_is_written(tactic: str, closing: set[str], plain: str) -> None:
    assert plainer(tactic, ["F", "G"], closing.__contains__) == plain
