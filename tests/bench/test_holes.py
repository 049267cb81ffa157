"""How filled holes are counted."""

from bench.holes import headline, summary


def row(library: str, length: int, ours: float | None, sauto: bool, hammer: bool) -> dict[str, object]:
    filled = {"proved": ours is not None} | ({} if ours is None else {"replay_seconds": ours})
    return {
        "library": library,
        "length": length,
        "ours": filled,
        "sauto": {"proved": sauto},
        "hammer": {"proved": hammer},
    }


def test_the_headline_names_the_arms_and_the_seconds_of_each_hole() -> None:
    rows = [
        row("a", 1, 0.1, True, True),
        row("a", 3, 1.2, False, False),
        row("b", 12, None, False, True),
        row("b", 5, None, False, False),
    ]
    lines = summary(rows, ["ours", "sauto", "hammer"])
    assert [line["library"] for line in lines] == ["a", "b", "one sentence", "2 or 3", "4 to 9", "10 and more", "all"]
    assert headline(rows, lines[-1], 20.0) == {
        "tried": 4,
        "ours_20": 2,
        "only_ours_20": 1,
        "sauto_20": 1,
        "only_sauto_20": 0,
        "hammer_20": 2,
        "only_hammer_20": 1,
        "together_20": 3,
        "ours_replayed_in_a_second": 1,
    }
