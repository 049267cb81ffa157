"""What a verification actor does beside its verifier."""

from collections.abc import Sequence

from actors.verification import Verification
from domain import Candidate, Problem, Verdict
from verifiers.rocq.verifier import RocqVerifier


class LosesOne(RocqVerifier):
    """A prover dies over the last proof of the first audit."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def audit(self, batch: Sequence[Candidate], *, recheck: bool = False) -> list[Verdict]:
        self.batches.append(len(batch))
        verdicts = super().audit(batch, recheck=recheck)
        return [*verdicts[:-1], Verdict("error", "prover_error", "none")] if len(self.batches) == 1 else verdicts


def test_a_proof_whose_audit_a_prover_died_in_is_audited_once_more() -> None:
    verifier = LosesOne()
    verification = Verification(lambda: verifier)
    problem = Problem("t", "rocq", "", "Theorem t : forall n : nat, n + 0 = n.")
    batch = [
        Candidate(problem, f"Proof. {proof} Qed.") for proof in ("reflexivity.", "induction n; simpl; congruence.")
    ]
    try:
        assert [verdict.verdict for verdict in verification.audit(batch)] == ["rejected", "accepted"]
        assert verifier.batches == [2, 1]
        assert verification.audit(batch[:1])[0].verdict == "rejected"
        assert verifier.batches == [2, 1, 1]
    finally:
        verification.close()
