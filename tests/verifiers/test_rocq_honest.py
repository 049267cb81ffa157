"""No honest proof is refused: the bundled suite's, the standard library's own, and easy ones of TIP."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from datasets.tip.suites import load_suite
from domain import Candidate
from tests.verifiers.honest_proofs import Honest, bundled, of_library
from verifiers.audit.rocq.judge import RocqSettings
from verifiers.rocq.verifier import RocqVerifier

QUICK_FILES = ("Bool/Bool", "Arith/Compare_dec")
FILES = (
    *QUICK_FILES,
    *("Init/Logic", "Init/Peano", "Logic/Decidable", "Arith/Wf_nat", "Sorting/Permutation", "Vectors/VectorSpec"),
    *("Lists/List", "ZArith/Zorder", "ZArith/Zcompare", "QArith/QArith_base"),
)
SLOW_FILES = ("Reals/RIneq",)
"""Of these a part is taken: loading the real numbers takes the prover more than a second."""


@pytest.fixture(scope="module")
def verifier() -> Iterator[RocqVerifier]:
    made = RocqVerifier(RocqSettings(audit_seconds=20, cache_entries=0))
    yield made
    made.close()


def refused(verifier: RocqVerifier, proofs: Sequence[Honest]) -> dict[str, str]:
    """Names of the proofs that an audit does not accept, with what it says."""
    verdicts = verifier.audit([proof.candidate for proof in proofs])
    return {
        proof.name: f"{verdict.reason}: {verdict.messages[0].text}"
        for proof, verdict in zip(proofs, verdicts, strict=True)
        if not verdict.accepted
    }


def easy_tip(verifier: RocqVerifier, folder: Path) -> list[Honest]:
    """Statements of TIP with proofs that a warm session accepts: induction on some variable, then computation."""
    found: list[Honest] = []
    for problem in [one for suite in ("isaplanner", "prod") for one in load_suite(f"tip:{suite}", folder)[0]]:
        for variable in ("x", "y", "z", "n", "m", "xs", "ys"):
            proof = (
                f"intros until {variable}; induction {variable}; simpl; intros; try rewrite IH{variable}; congruence."
            )
            candidate = Candidate(problem, proof)
            if verifier.check([candidate])[0].trust == "elaborated":
                found.append(Honest(problem.name, candidate))
                break
    return found


def test_honest_proofs_are_accepted(verifier: RocqVerifier, repository: Path) -> None:
    chance = random.Random(3)
    proofs = chance.sample(bundled(repository), 4)
    for file in QUICK_FILES:
        proofs += chance.sample(of_library(file), 4)
    assert refused(verifier, proofs) == {}


@pytest.mark.acceptance
@pytest.mark.timeout(7200)
def test_no_honest_proof_is_refused(
    verifier: RocqVerifier, repository: Path, shared_data: Path, record_property: Any
) -> None:
    proofs = {"bundled": bundled(repository), "TIP": easy_tip(verifier, shared_data / "tip")}
    proofs |= {file: list(of_library(file)) for file in FILES}
    proofs |= {file: random.Random(4).sample(of_library(file), 15) for file in SLOW_FILES}
    answers = {source: refused(verifier, one) for source, one in proofs.items()}
    count = Counter({source: len(one) for source, one in proofs.items()})
    record_property("honest proofs", dict(count))
    record_property("accepted", count.total() - sum(map(len, answers.values())))
    record_property("refused", [name for answer in answers.values() for name in answer])
    record_property("CPU seconds", round(verifier.cpu_seconds(), 1))
    assert {source: answer for source, answer in answers.items() if answer} == {}
    assert count.total() >= 500
