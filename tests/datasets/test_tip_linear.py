"""What follows from linear inequalities, against trying numbers."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.tip.linear import Linear, constant, follows, multiple, plus
from datasets.tip.syntax import INT
from datasets.tip.typed import Local

TERMS = [Local(name, INT) for name in "xyz"]
FORMS = st.tuples(*[st.integers(-3, 3)] * 4)


def form(weights: tuple[int, ...]) -> Linear:
    total: Linear = constant(weights[0])
    for term, weight in zip(TERMS, weights[1:], strict=True):
        total = plus(total, multiple(term, weight))
    return total


def holds(weights: tuple[int, ...], values: tuple[int, ...]) -> bool:
    return weights[0] + sum(w * v for w, v in zip(weights[1:], values, strict=True)) >= 0


@settings(max_examples=150, deadline=None)
@given(st.lists(FORMS, max_size=4), FORMS)
def test_what_follows_holds_of_all_numbers_that_satisfy_the_claims(
    claims: list[tuple[int, ...]], conclusion: tuple[int, ...]
) -> None:
    if follows([form(one) for one in claims], form(conclusion)):
        for values in product(range(-4, 5), repeat=3):
            assert not all(holds(one, values) for one in claims) or holds(conclusion, values)


def test_a_chain_of_claims_is_followed() -> None:
    x, y, z = ((0, 1, -1, 0), (0, 0, 1, -1), (-1, 1, 0, -1))
    assert follows([form(x), form(y)], form((0, 1, 0, -1)))
    assert not follows([form(x), form(y)], form(z))
    assert follows([form((-3, 2, 0, 0))], form((-2, 1, 0, 0)))
