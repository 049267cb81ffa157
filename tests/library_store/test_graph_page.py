"""A real browser shows the page of a graph: it opens, searches, shows a lemma, follows an edge."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from library_store.dependencies.communities import communities
from library_store.dependencies.measures import measures, summary
from library_store.dependencies.page import Page, render
from library_store.dependencies.uses import Uses
from tests.pipeline import browser
from tests.pipeline.browser import Browser

EVIL = '</script><script>window.broken = 1</script><b title="x">'


def library(size: int) -> nx.MultiDiGraph[str]:
    chance = random.Random(0)
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for number in range(size):
        name = f"lemma_{number}"
        graph.add_node(
            name,
            kind="lemma",
            name=name,
            statement=f"forall x, {EVIL} {number}",
            proof=f"auto. {EVIL}",
            file="A.v",
            line=number,
        )
    graph.nodes["lemma_0"]["name"] = EVIL
    graph.add_node("request:r", kind="request", name="wanted")
    for number in range(1, size):
        for _ in range(3):
            graph.add_edge(
                f"lemma_{number}", f"lemma_{int(number * chance.random() ** 2)}", "mentioned", kind="mentioned", count=1
            )
    graph.add_edge("lemma_2", "request:r", "answers_request", kind="answers_request", count=1)
    return graph


def page(size: int) -> str:
    graph = library(size)
    used = graph.copy()
    used.remove_node("request:r")
    uses = Uses.of(used)
    measured = measures(uses)
    groups = communities(uses, 0)
    return render(
        Page(f"A library {EVIL}", "An edge.", graph, uses, measured, summary(graph, measured), communities=groups)
    )


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if browser.MISSING:
        pytest.skip(f"{browser.MISSING}: apt-get install chromium chromium-driver")
    file = tmp_path_factory.mktemp("page") / "index.html"
    file.write_text(page(1000), encoding="utf-8")
    with Browser() as session:
        session.open(file, 1280)
        until(session, "return document.body.dataset.ready === '1'")
        yield session


def until(session: Browser, claim: str) -> None:
    for _ in range(200):
        if session.run(claim):
            return
        time.sleep(0.05)
    raise AssertionError(claim)


def go(session: Browser, place: str) -> None:
    session.run(f"location.hash = {place!r}")


def heading(session: Browser) -> Any:
    return session.run("return document.querySelector('#lemma h2').textContent")


def test_the_page_says_what_the_graph_is_and_loads_nothing(opened: Browser) -> None:
    assert opened.run("return document.querySelector('.tiles b').textContent") == "1000"
    assert opened.run("return document.querySelector('h1').textContent") == f"A library {EVIL}"
    assert opened.run("return window.broken === undefined")
    assert opened.console() == []
    assert [address for address in opened.requests() if not address.startswith(("file:", "data:"))] == []


def test_a_search_finds_every_name_with_its_words(opened: Browser) -> None:
    go(opened, "#")
    opened.run("const s = document.getElementById('search'); s.value = 'LEMMA 99'; s.oninput()")
    wanted = sum("99" in f"lemma_{number}" for number in range(1000))
    until(opened, f"return document.querySelectorAll('#nodes tbody tr').length === {wanted}")
    opened.run("const s = document.getElementById('search'); s.value = ''; s.oninput()")
    until(opened, "return document.querySelectorAll('#nodes tbody tr').length === 100")
    opened.run("const s = document.getElementById('search'); s.value = 'forall 77 lemma'; s.oninput()")
    until(opened, "return document.querySelectorAll('#nodes tbody tr').length === 19")
    assert opened.run("return document.querySelector('#nodes code').textContent").startswith("forall x, </script>")
    opened.run("const s = document.getElementById('search'); s.value = ''; s.oninput()")
    until(opened, "return document.querySelectorAll('#nodes tbody tr').length === 100")
    opened.run("document.getElementById('more').click()")
    assert opened.run("return document.querySelectorAll('#nodes tbody tr').length") == 600


def test_a_heading_sorts_the_whole_table_both_ways(opened: Browser) -> None:
    go(opened, "#")
    until(opened, "return !document.getElementById('list').hidden")
    used_by = "return [...document.querySelectorAll('#nodes tbody tr')].map(row => Number(row.cells[2].textContent))"
    opened.run("document.querySelectorAll('#nodes th button')[2].click()")
    most = opened.run(used_by)
    assert most == sorted(most, reverse=True)
    opened.run("document.querySelectorAll('#nodes th button')[2].click()")
    assert opened.run(used_by)[:3] == [0, 0, 0]


def test_a_lemma_shows_statement_proof_and_lineage_and_its_edges_lead_on(opened: Browser) -> None:
    go(opened, "#")
    opened.run("document.querySelector('#nodes th button').click()")
    opened.run("const s = document.getElementById('search'); s.value = 'lemma_2'; s.oninput()")
    until(opened, "return [...document.querySelectorAll('#nodes a')].some(a => a.textContent === 'lemma_2')")
    opened.run("[...document.querySelectorAll('#nodes a')].find(a => a.textContent === 'lemma_2').click()")
    until(opened, "return document.getElementById('statement') !== null")
    assert heading(opened) == "lemma_2"
    assert opened.run("return document.getElementById('statement').textContent") == f"forall x, {EVIL} 2"
    assert opened.run("return document.getElementById('proof').textContent") == f"auto. {EVIL}"
    assert "answers the request wanted" in opened.run("return document.getElementById('lemma').textContent")
    target = opened.run(
        "const a = document.querySelector('#lemma .columns div:last-child a'); a.click(); return a.textContent"
    )
    until(opened, f"return document.querySelector('#lemma h2').textContent === {target!r}")
    assert "lemma_2" in opened.run("return document.querySelector('#lemma .columns div').textContent")
    opened.run("document.querySelector('#lemma svg a').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    until(opened, f"return document.querySelector('#lemma h2').textContent !== {target!r}")
    assert opened.run("return window.broken === undefined")
    assert opened.console() == []


def test_a_community_is_a_table_of_its_members(opened: Browser) -> None:
    go(opened, "#c=0")
    until(opened, "return document.getElementById('heading').textContent.startsWith('Community of')")
    rows = opened.run("return Number(document.getElementById('shown').textContent.split(' of ')[1])")
    assert 1 < rows < 1000
    assert opened.console() == []


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_screen(opened: Browser, width: int, tmp_path: Path) -> None:
    file = tmp_path / "index.html"
    file.write_text(page(300), encoding="utf-8")
    opened.open(file, width)
    until(opened, "return document.body.dataset.ready === '1'")
    assert opened.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
