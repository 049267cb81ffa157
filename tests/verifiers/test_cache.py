"""Verdicts by content key."""

from hypothesis import given
from hypothesis import strategies as st

from domain import Verdict
from verifiers.cache import VerdictCache, content_key

TEXTS = st.lists(st.text())
ACCEPTED = Verdict("accepted", "proved", "audited")


@given(TEXTS, TEXTS)
def test_different_contents_have_different_keys(one: list[str], other: list[str]) -> None:
    assert (content_key(*one) == content_key(*other)) == (one == other)


def test_what_may_come_out_otherwise_is_not_kept() -> None:
    cache = VerdictCache(10)
    cache.put("timeout", Verdict("timeout", "timeout", "none"))
    cache.put("error", Verdict("error", "prover_error", "none"))
    cache.put("accepted", ACCEPTED)
    cache.put("rejected", Verdict("rejected", "axiom", "none"))
    assert len(cache) == 2
    assert cache.get("timeout") is None
    assert cache.get("accepted") == ACCEPTED


def test_the_least_recently_used_verdict_makes_room() -> None:
    cache = VerdictCache(2)
    for key in ("a", "b"):
        cache.put(key, ACCEPTED)
    assert cache.get("a")
    cache.put("c", ACCEPTED)
    assert [cache.get(key) is not None for key in ("a", "b", "c")] == [True, False, True]
