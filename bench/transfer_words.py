"""The results of `transfer.py` in words: what translates, arms, groups of problems, and differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bench.script import table
from bench.transfer_arms import ARMS, CONTRASTS, EVERY

COLUMNS = {
    "arm": "{arm}",
    "solved": "{solved}",
    "needing": "{solved_needing_the_library}",
    "resting": "{solved_resting_on_the_library}",
    "taken": "{lemmas_of_the_library_taken}",
    "learned": "{lemmas_learned}",
    "CPU s": "{charged:.0f}",
    "of": "{budget:.0f}",
    "begun": "{before_first_step:.0f}",
}
"""Problems that need, or rest on, a lemma of the library; lemmas of it that were taken, and learned."""


def print_translation(suite: Mapping[str, Any]) -> None:
    print(f"{suite['translate']} of {suite['files']} files translate")
    kinds: Counter[str] = Counter()
    for reason, names in suite["left_out"].items():
        kinds[reason.partition(":")[0]] += len(names)
        print(f"{len(names):5}  {reason}")
    for kind, number in kinds.most_common():
        print(f"{number:5}  {kind}, in all")


def print_compared(found: Mapping[str, Any]) -> None:
    """The tables of arms, groups and differences."""
    arms = list(found["arms"])
    for one in found["learned"]:
        print(
            f"learned in {one['run']}: {one['lemmas']:.0f} lemmas from {one['problems']:.0f} problems, "
            f"{one['solved']:.0f} of them solved, {one['cpu_seconds']:.0f} CPU seconds"
        )
    print(f"the library: {found['library']['lemmas']:.0f} lemmas, {found['library']['functions']} functions\n")
    print(table(COLUMNS, [{"arm": arm} | told for arm, told in found["arms"].items()]) + "\n")
    columns = {"group": "{group}", "problems": "{problems}"}
    columns |= {arm: f"{{solved[{arm}]}}" for arm in arms}
    columns |= {f"{arm}, needing": f"{{needing_the_library[{arm}]}}" for arm in arms if ARMS[arm].library}
    print(table(columns, [{"group": group} | told for group, told in found["groups"].items()]))
    last = ""
    for one in sorted(found["differences"], key=lambda one: CONTRASTS.index((one["arm"], one["other"]))):
        title = f"{one['arm']} − {one['other']}"
        if title != last:
            print(f"\n{title}")
        last = title
        corrected = "" if one["p_corrected"] is None else f", corrected {one['p_corrected']:.3f}"
        low, high = one["cluster_interval"] or (0.0, 0.0)
        interval = f"; by clusters {low:+.1f} to {high:+.1f}" if one["cluster_interval"] else ""
        gained, lost = len(one["gained"]), len(one["lost"])
        print(
            f"  {one['group']:28}{one['difference']:+4} ({gained} gained, {lost} lost), p = {one['p']:.3f}"
            f"{corrected}{interval}"
        )


def headline(found: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    told: dict[str, float] = {}
    for arm, numbers in found["arms"].items():
        told |= {f"{prefix}{arm}_solved": numbers["solved"], f"{prefix}{arm}_cpu_seconds": numbers["charged"]}
        if ARMS[arm].library:
            told[f"{prefix}{arm}_needing_the_library"] = numbers["solved_needing_the_library"]
    for one in found["differences"]:
        if one["group"] == EVERY:
            told[f"{prefix}{one['arm']}_minus_{one['other']}"] = one["difference"]
            told[f"{prefix}{one['arm']}_minus_{one['other']}_p"] = round(one["p"], 4)
    return told
