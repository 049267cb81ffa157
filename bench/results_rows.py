"""The rows of the tables of docs/results.md, from the contents of files of docs/results."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import mean
from typing import Any, TypeAlias

from bench.holes import ARMS, summary
from bench.script import Row

Results: TypeAlias = Mapping[str, Any]
"""What is in one file."""


SIDES = ("gained", "lost")


def interval(ends: Sequence[float] | None) -> str:
    return "–" if ends is None else f"{ends[0]:.1f} to {ends[1]:.1f}"


def as_they_are(*files: Results) -> list[Row]:
    return [row for file in files for row in file["rows"]]


def speed(*files: Results) -> list[Row]:
    return [row for file in files for row in file["speed"]]


def runs(*files: Results) -> Iterator[Row]:
    for file in files:
        counts = file["counts"]
        yield counts | {
            "what": file["what"].partition(" ")[0],
            "first": file["rounds"][0]["proved"],
            "rounds": len(file["rounds"]),
        }


def alone(*files: Results) -> Iterator[Row]:
    for file in files:
        yield file["headline"] | {"what": file["what"].partition(",")[0], "limit": file["limit"]}


def copies(file: Results) -> Iterator[Row]:
    yield file["base"] | {"copy": "the original", "lost": ""}
    for row in file["rows"]:
        yield row | {"copy": f"seed {row['seed']}", "lost": ", ".join(row["lost"])}


def differences(file: Results) -> Iterator[Row]:
    """Of the splits of the development sets, or of one suite: each group of problems, frozen beside none."""
    for split in file.get("splits", [file]):
        for one in split["differences"]:
            if (one["arm"], one["other"]) == ("frozen", "none"):
                group = split["groups"][one["group"]]
                named = {"split": split.get("split", ""), "group": one["group"], "problems": one["problems"]}
                counted = {"gained": len(one["gained"]), "lost": len(one["lost"]), "p": one["p"]}
                yield named | counted | group["solved"] | {"interval": interval(one["cluster_interval"])}


def transferred(file: Results) -> Iterator[Row]:
    for arm, told in file["arms"].items():
        counts = {group: counted["solved"][arm] for group, counted in file["groups"].items()}
        yield told | counts | {"arm": arm}


def arms(file: Results) -> Iterator[Row]:
    by_arm: defaultdict[str, list[Results]] = defaultdict(list)
    for run in file["runs"]:
        by_arm[run["arm"]].append(run)
    for arm, members in by_arm.items():
        yield {
            "arm": arm,
            "says": file["arms"].get(arm, ""),
            "solved": ", ".join(str(run["solved"]) for run in members),
            "charged": ", ".join(f"{run['charged']:.0f}" for run in members),
            "lemmas": ", ".join(str(run["lemmas"]) for run in members),
            "needing": ", ".join(str(len(run["solved_needing_a_lemma"])) for run in members),
            "abroad": ", ".join(str(len(run["solved_needing_a_lemma_of_another_problem"])) for run in members),
            "tokens": ", ".join(f"{run['tokens']:,}" for run in members),
        }


def contrasts(*files: Results) -> Iterator[Row]:
    for file in files:
        for one in file["contrasts"]:
            told = {side: ", ".join(f"{name} ({times})" for name, times in one[side].items()) for side in SIDES}
            spans = {name: interval(one[name]) for name in ("interval", "cluster_interval")}
            yield one | told | spans | {"by_seed": ", ".join(f"{value:+}" for value in one["differences"])}


def rivals(*files: Results) -> Iterator[Row]:
    return (row | {"limit": file["cpu_seconds_per_problem"]} for file in files for row in file["rows"])


def pairs(file: Results) -> Iterator[Row]:
    found = file["headline"]
    outcomes = {
        "lost": "no proof is found",
        "through": "one by lemmas that rest on it",
        "otherwise": "one without it",
    }
    for outcome, words in outcomes.items():
        yield {
            "outcome": words,
            "pairs": found["pairs"].get(outcome, 0),
            "abroad": found["pairs_abroad"].get(outcome, 0),
        }


def groups(file: Results) -> Iterator[Row]:
    return ({"group": name} | group for name, group in file["groups"].items())


def refills(*files: Results) -> Iterator[Row]:
    return (row | {"arm": file["arm"]} for file in files for row in file["rows"])


def holes(file: Results) -> Iterator[Row]:
    """A row for each library and each group of lengths of the original proofs, and one for all."""
    yield from summary(file["rows"], list(ARMS))


def premises(*files: Results) -> Iterator[Row]:
    for file in files:
        told = {side: ", ".join(file["headline"][side]) for side in SIDES}
        yield file["headline"] | told | {"what": file["what"].partition(";")[0]}


def beside_lego(file: Results) -> Iterator[Row]:
    told = file["beside_lego"]
    ours = told["retrieve_ms"]["ours"]
    figures = {f"retrieve: {name}": (ours, ms) for name, ms in told["retrieve_ms"].items() if name != "ours"}
    figures["insert with deduplication"] = told["insert_ms"], told["lego_insert_ms"]
    figures["insert, each pair's ratio computed"] = told["insert_ms"], told["lego_scan_insert_ms"]
    for what, (mine, theirs) in figures.items():
        yield {"what": what, "ours": mine, "theirs": theirs, "ratio": theirs / mine}


def layers(file: Results) -> Iterator[Row]:
    """A row for each type, threads, caches and width; a column for each number of tokens."""
    found: defaultdict[tuple[Any, ...], Row] = defaultdict(dict)
    for row in file["rows"]:
        found[row["type"], row["threads"], row["caches"], row["width"]][f"t{row['tokens']}"] = row["ratio"]
    for (kind, threads, caches, width), ratios in found.items():
        yield {"type": kind, "threads": threads, "caches": caches, "width": width} | ratios


def by_seed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:+.3f}" for value in values) or "–"


def quality(file: Results) -> Iterator[Row]:
    for row in file["rows"]:
        means = {side: mean(row[f"{side}_bits_per_byte"]) for side in ("memory", "rival")}
        yield row | {f"{side}_mean": value for side, value in means.items()} | {"apart": by_seed(row["differences"])}


def variants(file: Results) -> Iterator[Row]:
    return (row | {"apart": by_seed(list(row["differences"].values()))} for row in file["rows"])


def speeds(file: Results) -> Iterator[Row]:
    return (model | row for model in file["rows"] for row in model["rows"])


def faults(file: Results) -> Iterator[Row]:
    """By the kind of fault."""
    by_kind: defaultdict[str, list[Row]] = defaultdict(list)
    for row in file["rows"]:
        by_kind[row["kind"]].append(row)
    for kind, some in sorted(by_kind.items()):
        codes = Counter(str(row["exit_codes"][0]) for row in some)
        yield {
            "kind": kind,
            "faults": len(some),
            "first": ", ".join(f"{code} ({count})" for code, count in sorted(codes.items())),
            "ended": sum(row["ended"] for row in some),
            "acknowledged": sum(row["acknowledged"] for row in some),
            "lost": sum(row["lost"] for row in some),
            "unequal": sum(len(row["unequal"]) for row in some),
            "tables": sum(len(row["compared"]) for row in some),
        }


def coordination(file: Results) -> Iterator[Row]:
    """Proposals, then processes."""
    for row in file["rows"]:
        known = {"count": "", "a_second": "", "cpu_seconds": "", "cpu_seconds_of_what_it_ended": ""}
        yield known | row


def scale(file: Results) -> Iterator[Row]:
    for row in file["rows"]:
        busy = ", ".join(f"{name} {100 * share:.0f} %" for name, share in row["busy"].items())
        yield row | {"told": busy}


def checks(file: Results) -> Iterator[Row]:
    """The long checks of `make acceptance`, by the file of tests."""
    by_test: defaultdict[str, list[Results]] = defaultdict(list)
    for name, one in file.items():
        by_test["::".join(name.split("[")[0].split("::"))].append(one)
    for name, members in by_test.items():
        outcomes = Counter(one["outcome"] for one in members)
        commits = ", ".join(sorted({one["commit"] for one in members}))
        told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
        seconds = sum(one["seconds"] for one in members)
        yield {"test": name.removeprefix("tests/"), "outcomes": told, "seconds": seconds, "commits": commits}
