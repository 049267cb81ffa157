"""What the actors count, as Ray's exporter on this node tells Prometheus, and the dashboard that draws it."""

import json
import re
from pathlib import Path

from actors import library, verification
from actors.cluster import Remote, stop
from domain import Candidate, Problem
from library_store.admission import Proposal
from tests.actors.servers import exported
from tests.library_store import samples
from verifiers.backend import VerifierLimits, backend_of

HEADER = """Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => b | Succ x => Succ (plus x b) end."""
PROBLEM = Problem("goal", "rocq", HEADER, "Theorem goal : forall x, plus x Zero = x.")
RIGHT, WRONG = (Candidate(PROBLEM, proof) for proof in ("induction x; simpl; congruence.", "reflexivity."))


def test_verdicts_proposals_and_attempts_are_exported(ray_cluster: None, tmp_path: Path) -> None:
    [prover] = verification.start(1, backend_of("rocq").opener(VerifierLimits(cache=tmp_path / "cache")), {})
    store = library.start(tmp_path / "run", local=True)
    asked, kept = Remote(prover), Remote(store)
    assert [one.verdict for one in asked.check([RIGHT, WRONG])] == ["accepted", "rejected"]
    assert [one.accepted for one in asked.audit([RIGHT])] == [True]
    kept.add_definitions([samples.datatype(), samples.addition()])
    kept.add_problems([samples.problem("prop_1")])
    kept.insert_many([Proposal(samples.lemma("a"), samples.AUDITED)] * 2)
    for _ in range(2):  # the second is the same, and is not recorded
        kept.add_attempt(samples.attempt("attempt 1"))
    known = {
        'ray_lemmary_verdicts_total call="check" prover="rocq" verdict="accepted"': 1,
        'ray_lemmary_verdicts_total call="check" prover="rocq" verdict="rejected"': 1,
        'ray_lemmary_verdicts_total call="audit" prover="rocq" verdict="accepted"': 1,
        'ray_lemmary_verdict_seconds_count call="check" prover="rocq"': 2,
        'ray_lemmary_proposals_total reason="new"': 1,
        'ray_lemmary_proposals_total reason="known"': 1,
        'ray_lemmary_attempts_total kind="problem" verdict="rejected"': 1,
    }
    found = exported({*known})
    assert {name: found[name] for name in known} == known
    kept.close()
    asked.close()
    stop([prover, store])


def test_the_dashboard_asks_for_metrics_that_there_are(repository: Path) -> None:
    declared = set(re.findall(r'"(lemmary_\w+)"', (repository / "actors" / "metrics.py").read_text()))
    panels = json.loads((repository / "deploy" / "grafana.json").read_text())["panels"]
    asked = {
        name.removesuffix("_bucket")
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"ray_(lemmary_\w+)", target["expr"])
    }
    assert asked == declared
