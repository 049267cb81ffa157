"""What the library admits, refuses and remembers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest

from domain import UserError, Verdict
from library_store import graph, journal
from library_store.admission import Proposal
from library_store.library import Library
from library_store.schema import SCHEMA_VERSION, Metric
from library_store.snapshot import read
from library_store.state import AUTOMATION, REFUSED
from tests.library_store import samples
from tests.library_store.samples import AUDITED, lemma, opened, request, sha

ROOT = Path(__file__).parents[2]


def edges(library: Library, kind: str) -> set[tuple[str, str, bool]]:
    rows = library.at_round(library.round).rows("edges")
    return {(row["source"], row["target"], row["confirmed"]) for row in rows if row["kind"] == kind}


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (Verdict("rejected", "does_not_compile", "none"), "not_accepted"),
        (Verdict("rejected", "does_not_compile", "audited"), "not_accepted"),
        (Verdict("timeout", "timeout", "audited"), "not_accepted"),
        (Verdict("error", "prover_error", "rechecked"), "not_accepted"),
        (Verdict("accepted", "proved", "none"), "not_audited"),
        (Verdict("accepted", "proved", "elaborated"), "not_audited"),
    ],
)
def test_nothing_enters_without_an_accepted_audit(tmp_path: Path, verdict: Verdict, reason: str) -> None:
    with opened(tmp_path) as library:
        size = (tmp_path / "journal" / "round-0001.log").stat().st_size
        answer = library.insert(lemma("a"), verdict)
        assert (answer.refused, answer.new, answer.reason) == (True, False, reason)
        assert library.lemmas == {}
        assert (tmp_path / "journal" / "round-0001.log").stat().st_size == size


@pytest.mark.parametrize("trust", ["audited", "rechecked"])
def test_an_audited_lemma_enters_and_is_in_the_journal(tmp_path: Path, trust: str) -> None:
    with opened(tmp_path) as library:
        answer = library.insert(lemma("a"), replace(AUDITED, trust=trust, axioms=("Classical",)))
        assert (answer.new, answer.reason) == (True, "new")
        kept = library.lemmas[answer.id]
        assert kept.axioms == ("Classical",)
        assert kept.dedup_key
        assert library.lemma_of(kept.canonical_name) == kept
        records = journal.read(tmp_path / "journal" / "round-0001.log").records
        assert [row["trust"] for table, row in records if table == "lemmas"] == [trust]


def test_a_lemma_names_only_what_is_in(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        assert library.insert(lemma("a", uses=("nobody",)), AUDITED).reason == "unknown_lemma"
        assert library.insert(lemma("a", uses=(sha("lemma a"),)), AUDITED).reason == "uses_itself"
        assert library.insert(lemma("a", definition_ids=("nothing",)), AUDITED).reason == "unknown_definition"
        assert library.lemmas == {}


def test_uses_are_kept_as_ids_and_become_edges(tmp_path: Path) -> None:
    a = lemma("a")
    with opened(tmp_path) as library:
        answers = library.insert_many(
            [
                Proposal(a, AUDITED),
                Proposal(lemma("b", uses=(a.canonical_name,)), AUDITED, (a.canonical_name,)),
                Proposal(lemma("c", uses=(a.id,), parents=(a.id,)), AUDITED),
            ]
        )
        assert [answer.reason for answer in answers] == ["new"] * 3
        assert library.lemmas[sha("lemma b")].uses == (a.id,)
        assert edges(library, "proof_uses") == {(sha("lemma b"), a.id, True), (sha("lemma c"), a.id, False)}
        assert edges(library, "evolved_from") == {(sha("lemma c"), a.id, False)}
        assert [x.name for x in library.closure([lemma("c").canonical_name, sha("lemma b")])] == ["a", "c", "b"]


def test_a_second_derivation_adds_a_revision_only_for_new_origins(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        assert library.insert(lemma("a"), AUDITED).new
        assert library.insert(lemma("a", proof="other."), AUDITED).reason == "known"
        assert library.insert(lemma("a", proof="other.", origins=("prop_2",)), AUDITED).reason == "merged"
        merged = library.lemmas[sha("lemma a")]
        assert (merged.revision, merged.origins, merged.proof) == (2, ("prop_1", "prop_2"), lemma("a").proof)
        assert library.insert(lemma("a", origins=("prop_2", "prop_1")), AUDITED).reason == "known"


def test_a_lemma_is_of_the_round_under_way_unless_it_was_imported(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.snapshot()
        library.insert_many(
            [Proposal(lemma("a", round=0), AUDITED), Proposal(lemma("b", round=9), AUDITED, imported=True)]
        )
        assert [(x.name, x.round) for x in library.lemmas.values()] == [("a", 2), ("b", 0)]


def test_one_id_never_stands_for_two_statements(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert(lemma("a"), AUDITED)
        with pytest.raises(ValueError, match="two statements"):
            library.insert(lemma("a", statement_exact="another"), AUDITED)


def test_a_retired_lemma_stays_readable_and_is_not_retrieved(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma(name), AUDITED) for name in "ab"])
        a, b = sha("lemma a"), sha("lemma b")
        library.retire(a, b)
        library.retire(a, "again")
        assert library.lemmas[a].retired_by == b
        assert edges(library, "subsumed_by") == {(a, b, False)}
        found = library.retrieve(samples.STATEMENT, [sha("nat"), sha("plus")], sha(""), 10)
        assert [entry.lemma.id for entry in found] == [b]


def test_a_lemma_answers_the_request_for_its_statement(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.add_request(request("a"))
        merged = library.add_request(request("a", asked_by=("prop_2", "prop_1")))
        assert merged.asked_by == ("prop_1", "prop_2")
        library.insert(lemma("a"), AUDITED)
        assert library.requests[request("a").id].status == "answered"
        assert library.requests[request("a").id].answered_by == sha("lemma a")
        assert edges(library, "answers_request") == {(sha("lemma a"), request("a").id, False)}


def test_a_request_for_a_known_statement_is_answered_at_once(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert(lemma("a"), AUDITED)
        assert library.add_request(request("a")).answered_by == sha("lemma a")


def test_conjectures_are_kept_once_and_may_be_assumed_until_they_are_refuted(tmp_path: Path) -> None:
    found = [
        request(name, term=samples.STATEMENT, operator="exploration", asked_by=("prop_1",)) for name in ("one", "two")
    ]
    with opened(tmp_path) as library:
        library.insert(lemma("known"), AUDITED)
        known = request("known", statement_exact="exact known")
        asked = library.add_request(replace(found[0], operator="goal_surgery"))
        assert library.add_conjectures([*found, known, found[1]]) == 1
        assert library.requests[asked.id].operator == "goal_surgery"
        view = (samples.STATEMENT, found[0].definition_ids, sha(""), 9)
        assert {one.id for one in library.assumable(*view)} == {one.id for one in found}
        assert not library.assumable(*view, at_round=0)
        library.close_request(found[0].id, "refuted")
        library.insert(lemma("two", id=found[1].id, statement_exact="exact two"), AUDITED)
        assert [(one.id, one.status) for one in library.assumable(*view)] == [(found[1].id, "answered")]


def test_a_conjecture_that_is_asked_for_is_a_request_like_any_other(tmp_path: Path) -> None:
    found = request("one", origin_kind="definitions", operator="exploration", asked_by=("prop_1",))
    with opened(tmp_path) as library:
        library.add_conjectures([found])
        library.count_try(found.id)
        asked = library.add_request(request("one", asked_by=("prop_1",)))
        assert (asked.operator, asked.origin_kind, asked.tries) == ("goal_surgery", "goal", 1)


def test_requests_are_tried_and_closed(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.add_request(request("a"))
        library.count_try(request("a").id)
        assert library.close_request(request("a").id, "failed").tries == 1
    with Library(tmp_path) as library:
        assert library.requests[request("a").id] == request("a", tries=1, status="failed")


def test_a_request_is_open_again_when_its_answer_is_retired_and_nothing_subsumes_it(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma(name), AUDITED) for name in "abc"])
        asked = library.add_request(request("a"))
        library.retire(sha("lemma a"), sha("lemma b"))
        assert library.requests[asked.id].status == "answered", "b subsumes it"
        library.retire(sha("lemma b"), sha("lemma c"))
        assert library.requests[asked.id].status == "answered", "c subsumes b"
        library.retire(sha("lemma c"), "failed_recheck")
        assert library.requests[asked.id].status == "open"
        assert library.requests[asked.id].answered_by is None
        assert library.add_request(request("a")).status == "open", "a retired lemma answers nothing"
    with Library(tmp_path) as library:
        assert library.requests[asked.id].status == "open"


def test_a_retired_lemma_that_nothing_subsumes_comes_back_with_a_new_proof(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma("a"), AUDITED), Proposal(lemma("b"), AUDITED)])
        library.add_request(request("a"))
        library.retire(sha("lemma a"), sha("lemma b"))
        again = replace(lemma("a"), proof="intros. now auto.")
        assert library.insert(again, AUDITED).reason == "known"
        library.retire(sha("lemma b"), "unused")
        assert library.requests[request("a").id].status == "open"
        assert library.insert(replace(again, uses=(sha("lemma b"),)), AUDITED).reason == "revived"
        back = library.lemmas[sha("lemma a")]
        assert (back.retired_by, back.proof, back.uses) == (None, again.proof, (sha("lemma b"),))
        assert library.requests[request("a").id].answered_by == back.id
        assert library.insert(replace(lemma("b"), uses=(back.id,)), AUDITED).reason == "uses_itself"
    with Library(tmp_path) as library:
        assert library.lemmas[back.id] == back


def test_a_retired_lemma_that_a_recheck_refuses_answers_nothing_and_can_come_back(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma("a"), AUDITED), Proposal(lemma("b"), AUDITED)])
        library.add_request(request("a"))
        library.retire(sha("lemma a"), AUTOMATION)
        library.refuse({sha("lemma a"): "does_not_compile: …"})
        assert library.unrefused() == [library.lemmas[sha("lemma b")]]
        assert library.requests[request("a").id].status == "open"
        again = replace(lemma("a"), proof="intros. now auto.")
        assert library.insert(again, AUDITED).reason == "revived"
        assert library.lemmas[sha("lemma a")].proof == again.proof
        assert library.trust[sha("lemma a")] == "audited"


def test_lemmas_are_refused_together_with_what_rests_on_them_in_one_write(tmp_path: Path) -> None:
    a, b = sha("lemma a"), sha("lemma b")
    log = tmp_path / "journal" / "round-0001.log"
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma("a"), AUDITED), Proposal(lemma("b", uses=(a,)), AUDITED)])
        library.add_request(request("b"))
        before = log.stat().st_size
        library.refuse({a: "does_not_compile: …", b: "rests on a"})
        assert [row["subject"] for row in library.at_round(1).rows("events")] == [a, b]
    whole = log.read_bytes()
    for end in (*range(before, len(whole), 23), len(whole)):
        log.write_bytes(whole[:end])
        with Library(tmp_path) as library:
            refused = {library.refused(a), library.refused(b), library.requests[request("b").id].status == "open"}
            assert refused == {end == len(whole)}


@pytest.mark.parametrize("told", ["refused", "retired by a recheck that was stopped", "as an older recheck told it"])
def test_nothing_may_rest_on_a_refused_lemma(tmp_path: Path, told: str) -> None:
    a, b = sha("lemma a"), sha("lemma b")
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma("a"), AUDITED), Proposal(lemma("b", uses=(a,)), AUDITED)])
        if told == "refused":
            library.refuse({a: "does_not_compile: …"})
        elif told == "retired by a recheck that was stopped":
            library.retire(a, REFUSED)
        else:
            library.retire(a, AUTOMATION)
            library.set_trust([a], "none")
        for uses in ((a,), (b,)):
            assert library.insert(lemma("c", uses=uses), AUDITED).reason == "on_refused"
            with pytest.raises(ValueError, match="the proof of prop_1 rests on lemmas that a recheck refused"):
                library.set_problem("prop_1", "proved", proof="apply b.", uses=uses)
        assert sha("lemma c") not in library.lemmas
        assert library.problems["prop_1"].status == "open"
        assert library.on_refused() == [b]
        assert library.known([a, b, "nothing"]) == [False, True, False]
        back, c = library.insert_many(
            [Proposal(lemma("a", proof="another."), AUDITED), Proposal(lemma("c", uses=(a,)), AUDITED)]
        )
        assert (back.reason, c.reason) == ("revived", "new")


def test_proofs_may_rest_on_a_lemma_that_was_only_retired(tmp_path: Path) -> None:
    a = sha("lemma a")
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma(name), AUDITED) for name in "ab"])
        library.retire(a, sha("lemma b"))
        assert library.insert(lemma("c", uses=(a,)), AUDITED).new
        library.retire(sha("lemma b"), "unused")
        assert library.insert(lemma("d", uses=(a,)), AUDITED).new
        assert library.set_problem("prop_1", "proved", proof="apply a.", uses=[a]).uses == (a,)


def test_lemmas_come_each_after_those_that_their_proofs_use_now(tmp_path: Path) -> None:
    """Also where one has come back with a proof by a lemma that is younger than it."""
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma(name), AUDITED) for name in "ab"])
        library.insert(lemma("c", uses=(sha("lemma b"),)), AUDITED)
        library.refuse({sha("lemma a"): "does_not_compile: …"})
        assert library.insert(lemma("a", uses=(sha("lemma c"),)), AUDITED).reason == "revived"
        assert [one.name for one in library.lemmas.values()] == ["a", "b", "c"]
        assert [one.name for one in library.unrefused()] == ["b", "c", "a"]
        assert [one.name for one in library.all_lemmas()] == ["b", "c", "a"]
        library.snapshot()
    assert [one.name for one in read(tmp_path).lemmas.values()] == ["b", "c", "a"]
    with Library(tmp_path) as library:
        assert [one.name for one in library.unrefused()] == ["b", "c", "a"]


@pytest.mark.parametrize("others", [False, True])
def test_lemmas_of_one_group_cannot_rest_on_each_other(tmp_path: Path, others: bool) -> None:
    """Neither directly nor, where there are others, through these."""
    a, b, on_a, on_b = (sha(f"lemma {name}") for name in ("a", "b", "on a", "on b"))
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma(name), AUDITED) for name in "ab"])
        library.insert_many([Proposal(lemma("on a", uses=(a,)), AUDITED), Proposal(lemma("on b", uses=(b,)), AUDITED)])
        for one in (a, b):
            library.retire(one, "unused")
        group = [lemma("a", uses=(on_b if others else b,)), lemma("b", uses=(on_a if others else a,))]
        answers = library.insert_many([Proposal(one, AUDITED) for one in group])
        assert [answer.reason for answer in answers] == ["revived", "uses_itself"]
        assert nx.is_directed_acyclic_graph(library.graph)


def test_a_lemma_may_come_back_by_another_of_its_group(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert(lemma("a"), AUDITED)
        library.refuse({sha("lemma a"): "does_not_compile: …"})
        group = [Proposal(lemma("b"), AUDITED), Proposal(lemma("a", uses=(sha("lemma b"),)), AUDITED)]
        assert [answer.reason for answer in library.insert_many(group)] == ["new", "revived"]
        assert [one.name for one in library.unrefused()] == ["b", "a"]


def test_another_proof_of_a_statement_lends_no_trust_to_the_one_that_is_kept(tmp_path: Path) -> None:
    rechecked = replace(AUDITED, trust="rechecked")
    again = lemma("a", proof="another.", origins=("prop_2",))
    with opened(tmp_path) as library:
        answers = library.insert_many([Proposal(lemma("a"), AUDITED), Proposal(again, rechecked)])
        assert [answer.reason for answer in answers] == ["new", "merged"]
        assert (library.trust[sha("lemma a")], library.lemmas[sha("lemma a")].proof) == ("audited", lemma("a").proof)
        library.refuse({sha("lemma a"): "does_not_compile: …"})
        answers = library.insert_many([Proposal(again, AUDITED), Proposal(lemma("a", origins=("prop_3",)), rechecked)])
        assert [answer.reason for answer in answers] == ["revived", "merged"]
        assert library.trust[sha("lemma a")] == "audited"
        assert not library.refused(sha("lemma a"))


def test_what_rests_on_a_lemma_with_another_proof_was_not_rechecked_with_that(tmp_path: Path) -> None:
    a, b, c = (sha(f"lemma {name}") for name in "abc")
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma("a"), AUDITED), Proposal(lemma("b", uses=(a,)), AUDITED)])
        library.insert_many([Proposal(lemma("c", uses=(b,)), AUDITED), Proposal(lemma("d"), AUDITED)])
        library.set_trust([a, b, c, sha("lemma d")], "rechecked")
        library.retire(a, "unused")
        group = [Proposal(lemma("a", proof="another."), AUDITED), Proposal(lemma("c", origins=("new",)), AUDITED)]
        assert [answer.reason for answer in library.insert_many(group)] == ["revived", "merged"]
        assert [library.trust[one] for one in (a, b, c, sha("lemma d"))] == [*["audited"] * 3, "rechecked"]


def test_lemmas_are_imported_with_their_retirement_in_one_write(tmp_path: Path) -> None:
    """A retirement is taken over where what retired the lemma is here; a lemma that nothing stands for stays in use."""
    offered = [
        lemma("a", retired_by=sha("lemma b")),
        lemma("b", retired_by=sha("lemma c")),
        lemma("c"),
        lemma("d", retired_by=sha("a lemma that is not here")),
        lemma("e", retired_by=AUTOMATION),
    ]
    log = tmp_path / "journal" / "round-0001.log"
    with opened(tmp_path) as library:
        for name in "ad":
            library.add_request(request(name))
        before = log.stat().st_size
        library.insert_many([Proposal(one, AUDITED, imported=True) for one in offered])
        retired = [one.name for one in library.lemmas.values() if one.retired_by is not None]
        assert retired == ["a", "b", "e"]
        assert edges(library, "subsumed_by") == {
            (sha("lemma a"), sha("lemma b"), False),
            (sha("lemma b"), sha("lemma c"), False),
        }
        assert {library.requests[request(name).id].status for name in "ad"} == {"answered"}
        found = library.retrieve(samples.STATEMENT, [sha("nat"), sha("plus")], sha(""), 10)
        assert sorted(entry.lemma.name for entry in found) == ["c", "d"]
        library.insert(lemma("f", retired_by=sha("lemma c")), AUDITED)
        assert library.lemmas[sha("lemma f")].retired_by is None, "only what is imported comes retired"
    whole = log.read_bytes()
    for end in range(before, len(whole), 37):
        log.write_bytes(whole[:end])
        with Library(tmp_path) as library:
            there = [one.name for one in library.lemmas.values()]
            assert not there or [one.name for one in library.lemmas.values() if one.retired_by] == ["a", "b", "e"]


def test_a_retirement_and_the_requests_that_it_opens_are_one_write(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert(lemma("a"), AUDITED)
        library.add_request(request("a"))
        before = (tmp_path / "journal" / "round-0001.log").stat().st_size
        library.retire(sha("lemma a"), "failed_recheck")
    log = tmp_path / "journal" / "round-0001.log"
    whole = log.read_bytes()
    for end in range(before, len(whole), 7):
        log.write_bytes(whole[:end])
        with Library(tmp_path) as library:
            retired = library.lemmas[sha("lemma a")].retired_by is not None
            assert retired == (library.requests[request("a").id].status == "open")


def test_steps_of_evolution_and_the_use_of_what_they_brought_are_counted(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma("a"), AUDITED), Proposal(lemma("b", uses=(sha("lemma a"),)), AUDITED)])
        step = replace(
            samples.attempt("s1"), kind="evolve", target=sha("lemma b"), harvested=(sha("lemma a"),), tokens_out=7
        )
        library.add_attempt(step)
        (effort,) = library.efforts
        assert (effort.target, effort.harvested, effort.tokens) == (sha("lemma b"), (sha("lemma a"),), 7)
        assert list(graph.users(library.graph, sha("lemma a"))) == [sha("lemma b")]
        assert library.attempts_on[sha("lemma b")] == 1
    with Library(tmp_path) as library:
        assert library.efforts == [effort]
        assert list(graph.users(library.graph, sha("lemma a"))) == [sha("lemma b")]


def test_a_reopened_library_is_the_library_that_was_closed(tmp_path: Path) -> None:
    samples.three_rounds(tmp_path)
    with Library(tmp_path) as library:
        library.insert(lemma("d"), AUDITED)
        library.add_event("started", at=5.0, detail={"why": "test"})
        library.add_attempt(samples.attempt("attempt 9"))
        library.add_metrics([Metric("tokens", "model", 0, 3.0)])
        before = library.at_round(4)
        kept = (library.lemmas, library.definitions, library.problems, library.requests, library.attempts_on)
        uses = library.graph.copy()
    with Library(tmp_path) as library:
        assert library.round == 4
        assert (library.lemmas, library.definitions, library.problems, library.requests, library.attempts_on) == kept
        assert nx.utils.graphs_equal(library.graph, uses)
        assert library.at_round(4).history == before.history
        assert not library.add_attempt(samples.attempt("attempt 9")), "an attempt is recorded once"
        assert library.notices == []


def test_two_writers_refuse_each_other(tmp_path: Path) -> None:
    with opened(tmp_path):
        program = (
            f"from pathlib import Path; from library_store.library import Library; Library(Path({str(tmp_path)!r}))"
        )
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
        assert re.search(
            rf"UserError: another process \(pid {os.getpid()} on \S+, for \d+ s\) writes the library {tmp_path}: wait",
            done.stderr,
        )
        lock = tmp_path / "journal" / "lock"
        os.utime(lock, (lock.stat().st_atime, lock.stat().st_mtime - 301))
        with pytest.raises(UserError, match=r"for [5-9] min"):
            Library(tmp_path)
    Library(tmp_path).close()


def test_a_torn_tail_is_cut_and_told(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma("a"), AUDITED)])
        library.insert_many([Proposal(lemma("b"), AUDITED)])
    path = tmp_path / "journal" / "round-0001.log"
    path.write_bytes(path.read_bytes()[:-1])
    with Library(tmp_path) as library:
        assert [x.name for x in library.lemmas.values()] == ["a"]
        assert len(library.notices) == 1
        assert str(path) in library.notices[0]
        assert library.insert(lemma("b"), AUDITED).new


def test_a_journal_of_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal" / "round-0001.log"
    opened_journal = journal.Journal(path)
    opened_journal.append([("schema", {"version": 99})])
    opened_journal.close()
    with pytest.raises(UserError, match=f"schema version 99, this program reads {SCHEMA_VERSION}"):
        Library(tmp_path)


def test_lemmas_that_wish_one_name_get_it_in_turn_with_numbers(tmp_path: Path) -> None:
    def wish(of: str, name: str) -> Proposal:
        return Proposal(replace(lemma(of), name=name), AUDITED)

    with opened(tmp_path) as library:
        library.insert_many([wish("a", "add_comm"), wish("b", "add_comm"), wish("c", "add_comm_3")])
    with Library(tmp_path) as library:
        library.insert_many([wish("d", "add_comm")])
        assert [one.name for one in library.lemmas.values()] == ["add_comm", "add_comm_2", "add_comm_3", "add_comm_4"]
