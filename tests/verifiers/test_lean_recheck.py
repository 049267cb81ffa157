"""The kernel's second look, and the independent pass over a whole library of Lean, which accepts all lemmas or none."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from domain import Development, Lemma, OutsideError, Var, Verdict
from verifiers.audit.lean.compiler import Compiler
from verifiers.audit.lean.layers import kernel_again
from verifiers.audit.lean.recheck import recheck
from verifiers.audit.lean.toolchain import LeanSettings, find
from verifiers.audit.refusals import Rejection
from verifiers.audit.sandbox import GIBIBYTE, Sandbox

HEADER = """inductive N where
  | zero : N
  | succ (n : N) : N
def plus (a : N) : N → N
  | .zero => a
  | .succ b => .succ (plus a b)"""
SETTINGS = LeanSettings(recheck_seconds=60)


def lemma(number: int, statement: str, proof: str) -> Lemma:
    return Lemma(
        id=f"{number:x}" * 64, revision=1, prover="lean4", name="", prelude_id="", definition_ids=(),
        statement=statement, statement_exact=statement, term=Var("?"), proof=proof, uses=(), dedup_key="",
        origin_kind="", origins=(), parents=(), operator="", round=1, attempt_id="", prover_version="",
    )  # fmt: skip


ZERO = lemma(
    1,
    "∀ x : N, Eq (plus N.zero x) x",
    "intro x\ninduction x with\n  | zero => eq_refl\n  | succ n ih => exact congrArg N.succ ih",
)
TWICE = lemma(
    2,
    "∀ x : N, Eq (plus N.zero (plus N.zero x)) x",
    f"intro x\nrewrite [{ZERO.canonical_name}]\nexact {ZERO.canonical_name} x",
)
LIBRARY = Development(HEADER, "", (ZERO, TWICE))


@pytest.fixture(scope="module", autouse=True)
def _lean() -> None:
    try:
        find(SETTINGS)
    except OutsideError as missing:
        pytest.skip(str(missing))


def judged(development: Development) -> Verdict:
    return recheck(development, Sandbox(), SETTINGS)


def test_a_library_is_rechecked() -> None:
    verdict = judged(LIBRARY)
    assert (verdict.verdict, verdict.trust, verdict.axioms) == ("accepted", "rechecked", ()), verdict.messages
    assert verdict.seconds > 0


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        (replace(ZERO, statement_exact="∀ x : N, Eq (plus N.zero x) (N.succ x)"), "does_not_compile"),
        (replace(ZERO, proof="sorry"), "forbidden_construct"),
        (replace(ZERO, statement_exact="True axiom more : False theorem m : True"), "forbidden_construct"),
        (replace(ZERO, id="1 : True := True.intro -- "), "forbidden_construct"),
        (replace(ZERO, proof=f"{ZERO.proof}\n)\ntheorem other : True := ("), "does_not_compile"),
    ],
)
def test_one_bad_lemma_spoils_the_library(spoiled: Lemma, reason: str) -> None:
    verdict = judged(replace(LIBRARY, lemmas=(spoiled, TWICE)))
    assert (verdict.verdict, verdict.reason) == ("rejected", reason), verdict.messages


def test_axioms_are_the_headers_own_also_in_a_namespace_that_it_closes() -> None:
    odd = lemma(3, "Eq (plus N.zero N.zero) (N.succ N.zero)", "exact Odd.odd")
    header = f"{HEADER}\nnamespace Odd\naxiom odd : Eq (plus .zero .zero) (.succ .zero)\nend Odd"
    verdict = judged(Development(header, "", (odd,)))
    assert (verdict.trust, verdict.axioms) == ("rechecked", ("Odd.odd",)), verdict.messages


def test_without_a_checker_a_library_stays_audited_and_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verifiers.audit.lean.recheck.find", lambda _: replace(find(SETTINGS), checker=None))
    verdict = judged(LIBRARY)
    assert (verdict.verdict, verdict.trust) == ("accepted", "audited")
    assert "no leanchecker" in verdict.messages[0].text


# ------------------------------------------------------------------------------------- what is given to the kernel


@pytest.fixture(scope="module")
def compiled() -> Iterator[tuple[Compiler, Path]]:
    """Two modules: a statement, and theorems about it."""
    toolchain, sandbox = find(SETTINGS), Sandbox()
    compiler = Compiler(toolchain, sandbox, toolchain.limits(60, GIBIBYTE), GIBIBYTE)
    folder = sandbox.make_folder(trusted=True)
    texts: Mapping[str, str] = {
        "Stated": "def S : Prop := ∀ x : Nat, Eq x x\ndef P.{u} : Prop := ∀ (A : Sort u) (x : A), Eq x x\n",
        "Proved": "import Stated\ntheorem proved : S := fun x => Eq.refl x\n"
        "theorem same : ∀ x : Nat, Eq x x := fun x => Eq.refl x\n"
        "theorem all.{u} : P.{u} := fun A x => Eq.refl x\ntheorem some : P.{1} := fun A x => Eq.refl x\n",
        "Assumed": "import Stated\naxiom assumed : S\ntheorem rests : S := assumed\n",
        "Again": "import Stated\ntheorem proved : S := fun x => Eq.refl x\n",
        "Unsafe": "import Stated\nunsafe def loop : S := loop\nunsafe def rests : S := loop\n",
    }
    for name, text in texts.items():
        done = compiler.compile(name, toolchain.header(text), path=[folder], into=folder)
        assert done.ok, done.said
    yield compiler, folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("claims", "axioms", "modules", "says"),
    [
        ({"proved": "S", "all": "P"}, (), ("Proved",), ""),
        ({"rests": "S"}, ("assumed",), ("Assumed",), ""),
        ({"rests": "S"}, ("other",), ("Assumed",), "unknown constant 'assumed'"),
        ({"same": "S"}, (), ("Proved",), "same does not state S"),
        ({"some": "P"}, (), ("Proved",), "some states P for some universes only"),
        ({"absent": "S"}, (), ("Proved",), "there is no theorem absent"),
        ({"proved": "S"}, (), ("Proved", "Again"), "there are two constants proved"),
        ({"rests": "S"}, (), ("Unsafe",), "there is no theorem rests"),
    ],
)
def test_the_kernel_sees_to_the_claims(
    compiled: tuple[Compiler, Path],
    claims: Mapping[str, str],
    axioms: tuple[str, ...],
    modules: tuple[str, ...],
    says: str,
) -> None:
    compiler, folder = compiled
    with pytest.raises(Rejection) if says else nullcontext() as refused:
        kernel_again(compiler, claims, ("propext", *axioms), ("Stated", *modules), [folder])
    if refused is not None:
        assert refused.value.verdict.reason == "typing_flag"
        assert says in refused.value.verdict.messages[0].text
