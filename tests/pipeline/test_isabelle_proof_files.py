"""What a run for Isabelle leaves in `proofs/`: theories that a server loads from their files."""

from pathlib import Path

import pytest

from domain import Problem
from library_store.schema import ProblemState
from pipeline.loop.proof_files import write_proofs
from tests.verifiers.isabelle_stand_in import running

HEADER = 'theory Given imports Main "HOL-Library.Multiset"\nbegin\ndefinition two :: nat where "two = 2"\n'
STATEMENT = 'theorem goal: assumes "n > two" shows "n \\<noteq> (0 :: nat)"'


@pytest.mark.parametrize(
    ("name", "proof"),
    [
        ("goal", "using assms by simp"),
        ("goal", "proof -\n  show ?thesis using assms by simp\nqed"),
        ("goal", f'lemma h: "True" by simp\n\n{STATEMENT}\n  using assms by simp'),
        ("goal", f"theory Mine imports Main begin\n{STATEMENT}\n  using assms by simp\nend"),
        ("a problem: é", "using assms by simp"),
    ],
)
def test_a_proof_file_is_a_theory_of_its_own_name(name: str, proof: str, tmp_path: Path) -> None:
    problem = Problem(name, "isabelle", HEADER, STATEMENT)
    state = ProblemState(problem, status="proved", proof=proof)
    file = write_proofs(tmp_path, {name: state}, ())[0]
    assert file.name == "goal.thy" or name != "goal"
    text = file.read_text()
    assert text.startswith(f'theory {file.stem} imports "Main" "HOL-Library.Multiset"\nbegin\ndefinition two')
    assert (
        text.count(STATEMENT.split(maxsplit=1)[0])
        == text.count("theorem goal:")
        == text.count("by simp") - text.count("h:")
    )
    assert (text.count("theory"), text.endswith("\nend\n")) == (1, True)
    with running(tmp_path) as server:
        client = server.client()
        session = client.wait(client.start("session_start", {"session": "HOL"}, 5), 5).answer["session_id"]
        asked = {"session_id": session, "theories": [file.stem], "master_dir": str(file.parent)}
        ended = client.wait(client.start("use_theories", asked, 5), 5)
        client.close()
    assert (ended.finished, ended.answer.get("ok")) == (True, True), ended.message
