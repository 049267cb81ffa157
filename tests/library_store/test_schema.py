"""Rows and domain values turn into each other without loss, through JSON and through Parquet alike."""

from __future__ import annotations

import io
import json
import string
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import App, Branch, Const, Fix, FixFunction, Forall, Lambda, Let, Match, Sort, Term, Var
from library_store import rows
from library_store.attempts import Attempt
from library_store.schema import Edge, Event, Metric, Row
from tests.library_store import samples

NAMES = st.text(string.ascii_letters + "_'é", min_size=1, max_size=3)


def assemble(kind: int, parts: list[Term], names: list[str]) -> Term:
    """One of the compound terms from three parts and three names, every optional part both there and absent."""
    a, b, c = parts
    x, y, z = names
    return [
        App(a if not isinstance(a, App) else Var(x), (b, c)),
        Forall(x, a, b),
        Lambda(x, a, b),
        Let(x, a, None, b),
        Let(x, a, c, b),
        Match(a, (Branch(x, (y, z), b), Branch(y, (), c))),
        Match(a, (Branch(x, (y,), b),), returns=c),
        Match(a, (), returns=b, as_name=x, in_pattern=c),
        Match(a, (Branch(x, (), b),), in_pattern=c),
        Fix((FixFunction(x, ((y, a), (z, b)), y, c, a),), x),
        Fix((FixFunction(x, ((y, a),), None, b, c), FixFunction(y, ((z, c),), z, a, b)), y),
    ][kind]


def compound(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    parts, names = st.lists(inner, min_size=3, max_size=3), st.lists(NAMES, min_size=3, max_size=3)
    return st.builds(assemble, st.integers(0, 10), parts, names)


ATOMS: st.SearchStrategy[Term] = st.one_of(st.builds(Var, NAMES), st.builds(Const, NAMES), st.builds(Sort, NAMES))
TERMS = st.recursive(ATOMS, compound, max_leaves=20)


@given(TERMS)
def test_a_term_survives_json(term: Term) -> None:
    assert rows.term_from_json(rows.term_to_json(term)) == term


def test_a_numeral_of_ten_thousand_successors_survives_json() -> None:
    term: Term = samples.ZERO
    for _ in range(10_000):
        term = samples.successor(term)
    text = rows.term_to_json(term)
    assert rows.term_to_json(rows.term_from_json(text)) == text


def test_equal_subterms_are_written_once() -> None:
    term: Term = Var("x")
    for _ in range(200):
        term = samples.plus(term, term)
    assert len(rows.term_to_json(term)) < 10_000


def through_json(_: str, row: Row) -> Row:
    return json.loads(json.dumps(row))


def through_parquet(name: str, row: Row) -> Row:
    file = io.BytesIO()
    pq.write_table(rows.table_from_rows(name, [row]), file)
    return pq.read_table(file).to_pylist()[0]


def attempt_from_row(row: Row) -> Attempt:
    values = {name: value for name, value in row.items() if name != "revision"}
    for name in ("retrieved", "mentioned", "uses", "harvested", "stuck_goals"):
        values[name] = tuple(values[name])
    values["counts"] = dict(values["counts"])
    return Attempt(**values)


@pytest.mark.parametrize("through", [through_json, through_parquet])
def test_every_value_survives_its_row(through: Callable[[str, Row], Row]) -> None:
    def check(name: str, value: Any, to_row: Callable[..., Row], from_row: Callable[[Row], Any], *more: Any) -> None:
        row = to_row(value, *more)
        assert set(row) == set(rows.SCHEMAS[name].names)
        assert from_row(through(name, row)) == value

    check("definitions", samples.datatype(), rows.definition_to_row, rows.definition_from_row, 3)
    check("definitions", samples.addition(), rows.definition_to_row, rows.definition_from_row, 3)
    check("problems", samples.problem("p"), rows.problem_to_row, rows.problem_from_row, 3)
    check("requests", samples.request("r", answered_by="x"), rows.request_to_row, rows.request_from_row, 3)
    check("attempts", samples.attempt("a", uses=("l",)), rows.attempt_to_row, attempt_from_row)
    check("attempts", samples.attempt("a", counts={}), rows.attempt_to_row, attempt_from_row)
    check(
        "edges",
        Edge("a", "lemma", "b", "lemma", "proof_uses", 2, "t", True),
        rows.edge_to_row,
        lambda row: Edge(**row),
    )
    check("events", Event(1, 2, 3.5, "k", detail={"x": [1]}), rows.event_to_row, rows.event_from_row)
    check("metrics", Metric("cpu_seconds", "prover", 1, 2.5, "s"), rows.metric_to_row, lambda row: Metric(**row))


@pytest.mark.parametrize("through", [through_json, through_parquet])
@settings(max_examples=30, deadline=None)
@given(term=TERMS, text=st.text(max_size=5), uses=st.lists(st.text(max_size=3), max_size=2))
def test_a_lemma_survives_its_two_rows(
    through: Callable[[str, Row], Row], term: Term, text: str, uses: list[str]
) -> None:
    lemma = samples.lemma("a", term, statement=text, uses=tuple(uses), retired_by=text or None, round=1)
    row, proof = rows.lemma_to_rows(lemma, 4, trust="audited", dedup_version=1)
    assert row["round"] == 4
    assert row["born"] == 1
    assert rows.lemma_from_rows(through("lemmas", row), through("proofs", proof)) == lemma
