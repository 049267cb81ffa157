"""A theory of the user's own: where its holes are, what they are asked as, and what is put into them."""

import json
from pathlib import Path

import pytest

from domain import UserError
from pipeline.__main__ import main
from pipeline.commands.prove import prove
from pipeline.development import isabelle_theory
from pipeline.development.isabelle_theory import proofs_of, read_theory, refused
from tests.verifiers.isabelle_stand_in import running
from verifiers.audit.isabelle.settings import PASSWORD_VARIABLE, SERVER_VARIABLE
from verifiers.isabelle.verifier import IsabelleVerifier

HEAD = """(* numbers, in "theory" *)
theory Mine imports Main "HOL-Library.Multiset"
begin

definition two :: nat where "two = 2"

lemma two_pos [simp]: "two > 0"
  by (simp add: two_def)

"""
TEXT = f"""{HEAD}private lemma positive [simp]: assumes "n > two" shows "n \\<noteq> (0 :: nat)"
  sorry (* not yet *)

text \\<open>sorry\\<close>

theorem second:
  "two + n = n + two"
proof -
  have "1 = 1" sorry
  then show ?thesis by simp
qed

lemma given_up: "True" oops

context begin
lemma inside: "True" sorry
end
lemma (in order) below: "x \\<le> x" sorry
lemma second: "True" sorry

end
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "Mine.thy").write_text(TEXT)
    return tmp_path / "Mine.thy"


def test_each_statement_with_a_sorry_is_a_problem_over_what_stands_above_it(file: Path) -> None:
    theory = read_theory(file)
    first, second = (hole.problem for hole in theory.holes)
    assert first.header == HEAD[HEAD.index("theory Mine") :]
    assert first.formal_statement == 'theorem positive: assumes "n > two" shows "n \\<noteq> (0 :: nat)"'
    assert second.header.endswith("text \\<open>sorry\\<close>\n\n")
    assert (first.extra["line"], second.extra["line"]) == (10, 15)
    assert [TEXT[hole.begin : hole.end].split(maxsplit=1)[0] for hole in theory.holes] == ["sorry", "proof"]
    assert [left.line for left in theory.left] == [25, 27, 28]


def test_proofs_are_put_in_the_place_of_what_stands_there_and_nothing_else_is_changed(file: Path) -> None:
    theory = read_theory(file)
    proofs = {"positive": "using assms by simp\n", "second": "by simp"}
    filled = theory.filled(proofs)
    assert '= (0 :: nat)"\n  using assms by simp (* not yet *)\n' in filled.replace("\\<noteq>", "=")
    assert '"two + n = n + two"\nby simp\n\nlemma given_up' in filled
    changed = [line for line in theory.patch(proofs).splitlines() if line[0] in "+-"]
    assert [line for line in changed if line.startswith("+")] == [
        "+++ b/Mine.thy", "+  using assms by simp (* not yet *)", "+by simp",
    ]  # fmt: skip
    assert theory.patch({}) == ""


def test_a_file_that_was_changed_meanwhile_is_left_alone(file: Path) -> None:
    theory = read_theory(file)
    file.write_text(TEXT + "\n")
    with pytest.raises(UserError, match="was changed meanwhile"):
        theory.apply({"second": "by simp"})
    assert file.read_text() == TEXT + "\n"


def test_what_declares_more_than_a_proof_stays_out_of_the_patch() -> None:
    said: list[str] = []
    assert proofs_of({"a": "by simp", "b": 'lemma h: "True" by simp\ntheorem b: "True" by simp'}, said.append) == {
        "a": "by simp"
    }
    assert said == ["b is proved with lemmas of its own: its text is in proofs/, and not in the patch"]


def test_the_whole_theory_is_loaded_with_the_new_proofs(file: Path, tmp_path: Path) -> None:
    theory = read_theory(file)
    with running(tmp_path) as server:
        verifier = IsabelleVerifier(server.settings())
        assert refused(theory, verifier, {"second": "by simp"}) is None
        why = refused(theory, verifier, {"second": "using undefined_fact by simp"})
        verifier.close()
    assert why is not None
    assert why.startswith('the header: Undefined fact: "undefined_fact"')


def test_a_theory_that_does_not_load_in_time_is_not_taken_to_load(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isabelle_theory, "WHOLE_SECONDS", 0.5)
    with running(tmp_path) as server:
        verifier = IsabelleVerifier(server.settings())
        why = refused(read_theory(file), verifier, {"second": "using loops_forever by simp"})
        verifier.close()
    assert why == "the time limit was reached"


@pytest.mark.parametrize(
    "text", ["lemma a: True sorry", "theory X imports Main begin", 'theory X imports Main begin "']
)
def test_what_is_no_theory_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "X.thy").write_text(text)
    with pytest.raises(UserError, match="is not `theory NAME imports"):
        read_theory(tmp_path / "X.thy")


def test_what_does_not_go_with_a_theory_is_told(file: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--erase does not go with a theory"):
        prove(str(file), out=tmp_path / "out", erase=True)
    with pytest.raises(UserError, match="--names third"):
        prove(str(file), out=tmp_path / "out", names="third")


@pytest.mark.usefixtures("one_ray")
def test_holes_are_proved_and_the_file_is_patched(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stand-in calls itself a release here, so what it accepts counts."""
    with running(tmp_path) as server:
        server.play({"greeting": {"isabelle_name": "Isabelle2025-2"}})
        settings = server.settings()
        monkeypatch.setenv(SERVER_VARIABLE, settings.server)
        monkeypatch.setenv(PASSWORD_VARIABLE, str(settings.password_file))
        command = ["prove", str(file), "--out", str(tmp_path / "out"), "--names", "positive", "--in-place"]
        assert main([*command, "--set", "prove.workers=1", "--set", "verifiers.processes=1"]) == 0
    (row,) = map(json.loads, (tmp_path / "out" / "results.jsonl").read_text().splitlines())
    assert (row["status"], row["file"], row["line"]) == ("proved", "Mine.thy", 10)
    assert file.read_text() == TEXT.replace("  sorry (* not yet *)", f"  {row['proof'].strip()} (* not yet *)")
    assert (tmp_path / "out" / "patch.diff").read_text().startswith("--- a/Mine.thy\n+++ b/Mine.thy\n")
    assert "Mine.thy:25: not attempted: a `begin` in the header has no `end`" in capsys.readouterr().err
