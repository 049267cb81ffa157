"""The report of a run: its numbers are the tables', it stands alone, and a real browser shows all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from domain import UserError
from library_store.schema import ATTEMPT
from library_store.snapshot import read
from library_store.tables import manifests
from pipeline.__main__ import main
from pipeline.report.facts import SOURCES, Facts
from pipeline.report.figures import figures
from pipeline.report.gather import gather
from pipeline.report.page import render, splits, write_report
from pipeline.report.uses import layout, uses
from tests.pipeline import browser
from tests.pipeline.browser import Browser
from tests.pipeline.sample_run import build


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("runs") / "sample")


@pytest.fixture(scope="module")
def null_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("runs") / "nothing", rounds=1, learns=False, degraded="bwrap is missing.")


@pytest.fixture(scope="module")
def facts(run: Path) -> Facts:
    return gather(read(run))


@pytest.fixture(scope="module")
def page(run: Path) -> Path:
    return write_report(run)


@pytest.fixture(scope="module")
def null_page(null_run: Path) -> Path:
    return write_report(null_run)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if browser.MISSING:
        pytest.skip(f"{browser.MISSING}: apt-get install chromium chromium-driver")
    with Browser() as session:
        yield session


def test_every_count_of_the_manifest_is_computed_again_from_the_tables(run: Path, facts: Facts) -> None:
    for name, value in manifests(run)[-1].counts.items():
        assert facts.counts[name] == value, name


def test_automation_and_language_model_add_up_to_the_whole(facts: Facts) -> None:
    assert tuple(row.source for row in facts.by_source) == SOURCES
    assert sum(row.problems for row in facts.by_source) == facts.counts["solved"]
    assert sum(row.with_library for row in facts.by_source) == facts.counts["solved_with_library"]
    assert sum(row.lemmas for row in facts.by_source) == len(facts.lemmas)
    assert sum(row.used for row in facts.by_source) == len(facts.used_lemmas)
    assert sum(row.proposed for row in facts.by_source) == facts.counts["candidates"]
    for stage in ("proposed", "elaborated", "audited", "new"):
        assert all(facts.funnel[source][stage] for source in SOURCES), stage
    assert sum(row.tokens_in + row.tokens_out for row in facts.by_source) == facts.counts["tokens"]
    automation, model = facts.by_source
    assert automation.tokens_in + automation.tokens_out == 0
    assert min(automation.problems, model.problems, automation.lemmas, model.lemmas) > 0


def test_a_refuted_problem_is_not_counted_as_open(facts: Facts) -> None:
    one = next(problem for problem in facts.problems if problem.status == "open")
    refuted = tuple(p._replace(status="refuted") if p is one else p for p in facts.problems)
    before, after = splits(facts)[-1], splits(replace(facts, problems=refuted))[-1]
    assert (before.split, after.split) == ("all", "all")
    (left,) = before.unproved
    assert after.unproved == (1, left - 1)
    page = render(replace(facts, problems=refuted), [*figures(facts), uses(facts)], name="sample", settings="")
    table = page.partition("<h2>Problems by split and round</h2>")[2].partition("</table>")[0]
    assert '<th class="n">refuted</th><th class="n">open</th>' in table
    assert f'data-label="refuted">1</td><td class="n" data-label="open">{left - 1}</td>' in table


def test_a_lemma_carries_every_problem_that_rests_on_it_through_others(facts: Facts) -> None:
    for lemma in facts.lemmas.values():
        assert set(lemma.problems) <= set(lemma.carries)
        for user in lemma.lemmas:
            if user in facts.lemmas:
                assert set(facts.lemmas[user].carries) <= set(lemma.carries)
    assert any(len(lemma.carries) > len(lemma.problems) for lemma in facts.lemmas.values())


def test_the_graph_of_uses_leads_from_each_proof_to_the_right(facts: Facts) -> None:
    graph = layout(facts)
    column = {node: place for place, nodes in enumerate(graph.columns) for node in nodes}
    assert graph.edges
    assert all(column[source] < column[target] for source, target in graph.edges)
    assert {node for node, place in column.items() if place == 0} == {p.name for p in facts.proved if p.uses}


def test_an_earlier_round_is_reported_as_it_was_and_the_last_one_again_to_the_byte(
    run: Path, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = page.read_bytes()
    early = gather(read(run, 1))
    assert early.counts["solved"] == manifests(run)[0].counts["solved"] < manifests(run)[-1].counts["solved"]
    assert main(["report", str(run), "--at-round", "1"]) == 0
    earlier = run / "report" / "round-1" / "index.html"
    assert capsys.readouterr().out.strip() == str(earlier)
    text = earlier.read_text()
    assert "round <b>1</b>" in text
    assert "No proof needs a lemma from another problem" in text
    assert page.read_bytes() == last
    assert main(["report", str(run)]) == 0
    assert page.read_bytes() == last


def test_the_result_as_json_agrees_with_the_manifest(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(run), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"] == dict(manifests(run)[-1].counts)
    assert sum(one["proved"] for one in told["rounds"]) == told["counts"]["solved"]
    assert len(told["open"]) == told["counts"]["problems"] - told["counts"]["solved"]


def test_a_missing_run_or_round_is_one_line(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path / "nowhere")]) == 2
    for number in ("0", "9"):
        assert main(["report", str(run), "--at-round", number]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3
    assert not (run / "report" / "round-0").exists()
    with pytest.raises(UserError, match="no finished round"):
        write_report(tmp_path)


def test_the_page_names_no_outside_address(page: Path) -> None:
    text = page.read_text()
    assert not re.findall(r"https?://|//\w+\.|@import|<link(?! rel=\"icon\" href=\"data:,\")|<script src", text)


def test_every_figure_says_n_and_is_there_for_wide_and_narrow_screens(page: Path) -> None:
    text = page.read_text()
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text)
    assert len(captions) == 5
    assert all("n = " in caption for caption in captions)
    assert text.count("<svg ") == 10
    assert not re.search(r"(fill|stroke): #(?!fff)", text), "a colour that dark mode cannot change"


def test_null_results_and_a_degraded_sandbox_are_said(null_page: Path) -> None:
    text = null_page.read_text()
    for said in (
        "The provers of this run were not fully sandboxed: bwrap is missing.",
        "No problem was proved (n = 66 problems)",
        "No lemma was admitted (n = 0 lemmas)",
        "No proof needs a library lemma (n = 0 proofs)",
        "The language model proved no problem and made no lemma",
    ):
        assert said in text


@pytest.mark.parametrize("width", [1280, 768, 390])
@pytest.mark.parametrize("which", ["page", "null_page"])
def test_a_browser_shows_the_whole_page_without_complaint(
    chromium: Browser, which: str, width: int, request: pytest.FixtureRequest
) -> None:
    chromium.open(request.getfixturevalue(which), width)
    assert chromium.console() == []
    assert [address for address in chromium.requests() if not address.startswith(("file:", "data:"))] == []
    assert chromium.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    cut_off = """
        const shown = [...document.querySelectorAll("svg")].filter(svg => svg.getClientRects().length);
        return shown.flatMap(svg => [...svg.querySelectorAll("text")].filter(text => {
          const inner = text.getBoundingClientRect(), outer = svg.getBoundingClientRect();
          return inner.left < outer.left - 1 || inner.right > outer.right + 1
            || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
        }).map(text => text.textContent));"""
    assert chromium.run(cut_off) == []
    small = """
        const shown = [...document.querySelectorAll("svg text")].filter(text => text.getClientRects().length);
        return shown.filter(text => text.getBoundingClientRect().height < 8).map(text => text.textContent);"""
    assert chromium.run(small) == []
    hidden = """
        return [...document.querySelectorAll(".scroll")].filter(box => box.scrollWidth > box.clientWidth).length;"""
    assert chromium.run(hidden) == 0


def test_the_table_of_problems_filters_and_sorts(chromium: Browser, page: Path) -> None:
    chromium.open(page, 1280)
    shown = "return [...document.querySelectorAll('#problems tbody tr')].filter(row => !row.hidden)"
    chromium.run(
        "const f = document.getElementById('filter'); f.value = 'step2 open'; f.dispatchEvent(new Event('input'))"
    )
    rows = chromium.run(f"{shown}.map(row => row.textContent)")
    assert rows
    assert all("step2" in row and "open" in row for row in rows)
    chromium.run("const f = document.getElementById('filter'); f.value = ''; f.dispatchEvent(new Event('input'))")
    chromium.run("document.querySelector('#problems button.sort').click()")
    names = chromium.run(f"{shown}.map(row => row.cells[0].textContent)")
    assert names == sorted(names)
    assert len(names) == 66


def test_a_time_line_has_each_step_once_and_no_two_at_once_in_a_lane(run: Path, tmp_path: Path) -> None:
    assert main(["report", str(run), "--trace", str(tmp_path / "trace.json")]) == 0
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    steps = [event for event in events if event["ph"] == "X" and event["cat"] != "round"]
    timed = {row["attempt_id"] for row in read(run).rows("events") if row["kind"] == ATTEMPT}
    assert sorted(event["args"]["id"] for event in steps) == sorted(timed)
    lanes = {event["tid"] for event in steps}
    named = {event["tid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
    assert set(named) == lanes | {0}
    assert len(lanes) > 1
    for lane in lanes:
        spans = sorted((event["ts"], event["dur"]) for event in steps if event["tid"] == lane)
        assert all(start + length <= after for (start, length), (after, _) in pairwise(spans))
    rounds = [event for event in events if event.get("cat") == "round"]
    assert [event["name"] for event in rounds] == ["round 1", "round 2", "round 3"]


def test_a_time_line_that_cannot_be_written_is_one_line(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(run), "--trace", str(run / "config.yaml" / "trace.json")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
