"""The tables of docs/results.md about what was proved: a title, the files that it shows, what made them, columns.

A column is a format of a row's fields, as in `script.table`. `results_rows.py` says how rows follow from the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from bench import results_rows as rows
from bench.script import Row


class Table(NamedTuple):
    title: str
    files: tuple[str, ...]
    """Names in docs/results, without `.json`."""
    made_by: str
    columns: Mapping[str, str]
    rows: Callable[..., Iterable[Row]] = rows.as_they_are
    """From the contents of the files, in their order."""


RUN = "`python -m pipeline run CONFIG --out RUN`, then `report RUN --json`"
COMPARE = "`python -m pipeline compare configs/tip_prod.yaml --arms … --out DIR`"
REMOVED = "a script that was removed since"

CONTRAST = {
    "contrast": "{arm} − {other}",
    "difference": "{mean:+}",
    "by seed": "{by_seed}",
    "95 % over runs": "{interval}",
    "over clusters": "{cluster_interval}",
    "p": "{p}",
    "gained (in how many seeds)": "{gained}",
    "lost": "{lost}",
}
ARMS = {
    "arm": "`{arm}`: {says}",
    "solved, by seed": "{solved}",
    "CPU s": "{charged}",
    "lemmas": "{lemmas}",
    "proofs that need a lemma": "{needing}",
    "from another problem": "{abroad}",
    "tokens": "{tokens}",
}
PREMISES = {
    "what": "{what}",
    "tried": "{attempted}",
    "proved without": "{solved_without}",
    "with": "{solved_with}",
    "gained": "{gained}",
    "lost": "{lost}",
    "p": "{p}",
}

HOLES = {
    "library, or length of the original proof": "{library}",
    "holes": "{holes}",
    "ours": "{ours}",
    "CoqHammer's tactics": "{sauto}",
    "`hammer`": "{hammer}",
    "together": "{together}",
}
"""The columns of holes of developments."""

TABLES = (
    Table(
        "Runs from an empty library",
        ("quickstart", "tip_prod", "tip_isaplanner"),
        RUN,
        {
            "run": "{what}",
            "problems": "{problems}",
            "first round": "{first}",
            "solved": "{solved}",
            "needing a lemma from another problem": "{solved_with_library}",
            "lemmas": "{lemmas}",
            "used": "{lemmas_used}",
            "used abroad": "{lemmas_used_abroad}",
            "by two or more": "{lemmas_used_abroad_twice}",
            "rediscovered": "{lemmas_rediscovered}",
            "resting on these": "{solved_with_rediscovered}",
            "CPU s": "{cpu_seconds:.0f}",
            "wall s": "{seconds:.0f}",
        },
        rows.runs,
    ),
    Table(
        "Three TIP suites with one library, after each round",
        ("tip_two_hours",),
        "`bench/curves.py RUN`",
        {
            "round": "{round}",
            "solved": "{solved}",
            "refuted": "{refuted}",
            "needing a lemma from another problem": "{solved_with_library}",
            "lemmas": "{lemmas}",
            "needed abroad": "{lemmas_used_abroad}",
            "by two or more": "{lemmas_used_abroad_twice}",
            "CPU s": "{cpu_seconds:.0f}",
        },
    ),
    Table(
        "Each problem alone",
        ("tip_prod_cold", "tip_isaplanner_cold"),
        "`bench/cold.py RUN`, RUN being of the arm `isolated`",
        {
            "run": "{what}",
            "problems": "{problems}",
            "solved within the limit of CPU seconds": "{solved_alone} within {limit:.0f}",
            "solved by the whole run": "{solved}",
        },
        rows.alone,
    ),
    Table(
        "Rewritten copies of `tip:prod`",
        ("metamorphic",),
        "`bench/metamorphic.py --seeds 0 1 2 3 4 --out DIR`",
        {
            "copy": "{copy}",
            "solved": "{solved}",
            "by round": "{rounds}",
            "CPU s": "{cpu_seconds:.0f}",
            "lost": "{lost}",
        },
        rows.copies,
    ),
    Table(
        "Half learned on, half tested",
        ("transfer_splits",),
        "`bench/transfer.py --split 0 1 2 --each 10 --out DIR`",
        {
            "seed": "{split}",
            "group": "{group}",
            "problems": "{problems}",
            "`none`": "{none}",
            "`frozen`": "{frozen}",
            "gained": "{gained}",
            "lost": "{lost}",
            "95 % by clusters": "{interval}",
            "McNemar's p": "{p:.2g}",
        },
        rows.differences,
    ),
    Table(
        "TIP's tip2015 with a library learned elsewhere",
        ("transfer",),
        "`bench/transfer.py --learned runs/prod runs/isaplanner --each 10 --out DIR`",
        {
            "arm": "{arm}",
            "solved": "{solved}",
            "all functions known": "{all functions known}",
            "some": "{some functions known}",
            "none": "{no function known}",
            "need a lemma of the library": "{solved_needing_the_library}",
            "lemmas learned": "{lemmas_learned}",
            "rounds": "{rounds}",
            "CPU s": "{charged:.0f}",
        },
        rows.transferred,
    ),
    Table(
        "Generated inductive problems, 5 CPU seconds each",
        ("induction",),
        "`bench/induction.py CLONE --out DIR --arms alone`",
        {
            "datatype and function": "{kind}",
            "problems": "{problems}",
            "each alone, within 5 CPU s": "{alone}",
        },
    ),
    Table("Does sharing help while learning?", ("compare_prod",), COMPARE, ARMS, rows.arms),
    Table("Its contrast", ("compare_prod",), COMPARE, CONTRAST, rows.contrasts),
    Table("The other arms", ("compare_prod_arms",), COMPARE, ARMS, rows.arms),
    Table("What a language model adds and costs", ("compare_prod_model",), COMPARE, ARMS, rows.arms),
    Table(
        "Is a lemma needed, or will another proof do?",
        ("necessity",),
        "`bench/necessity.py RUN --cpu-seconds 8`",
        {"without the lemma": "{outcome}", "pairs of problem and lemma": "{pairs}", "from another problem": "{abroad}"},
        rows.pairs,
    ),
    Table(
        "What consolidation leaves",
        ("consolidation",),
        REMOVED,
        {
            "run": "{run}",
            "lemmas": "{lemmas}",
            "automation proves alone, unused": "{alone_and_unused}",
            "follow from another": "{follow_from_another}",
            "a fifth shorter": "{shorter}",
        },
    ),
    Table(
        "SMT solvers with induction",
        ("tip_rivals", "tip_rivals_60"),
        "`bench/tip.py --all --limit 10`, and 60",
        {
            "solver": "{solver}",
            "suite": "{suite}",
            "configuration": "{configuration}",
            "CPU s a problem": "{limit}",
            "asked": "{asked}",
            "solved": "{solved}",
            "errors": "{errors}",
        },
        rows.rivals,
    ),
    Table(
        "miniF2F for Rocq",
        ("minif2f_valid",),
        "`python -m pipeline prove minif2f-rocq:valid --out DIR`",
        {"problems": "{problems}", "proved": "{proved}"},
        lambda file: [file["headline"]],
    ),
    Table(
        "Coq's own `List.v`, its proofs erased",
        ("stdlib_refill_list_alone", "stdlib_refill_list", "stdlib_refill_list_learned"),
        "`bench/refill.py Lists/List.v --sample 80 --arm …`",
        {
            "arm": "{arm}",
            "erased": "{erased}",
            "tried": "{tried}",
            "refilled": "{refilled}",
            "from closed proofs": "{closed}",
            "CPU s": "{cpu_seconds:.0f}",
        },
        rows.refills,
    ),
    Table(
        "Holes of developments",
        ("holes_development",),
        "`bench/holes.py --part development --sample 2 --cpu-seconds 10`",
        HOLES,
        rows.holes,
    ),
    Table(
        "Holes of libraries that nothing was developed on",
        ("holes_test",),
        "`bench/holes.py --part test --sample 55 --cpu-seconds 5`",
        HOLES,
        rows.holes,
    ),
    Table(
        "Holes of these libraries with 20 CPU seconds",
        ("holes_test_20",),
        "`bench/holes.py --part test --sample 55 --cpu-seconds 20 --solved docs/results/holes_test.json`",
        HOLES,
        rows.holes,
    ),
    Table(
        "Holes of these libraries with 60 CPU seconds",
        ("holes_test_60",),
        "`bench/holes.py --part test --sample 4 --cpu-seconds 60 --solved docs/results/holes_test_20.json`",
        HOLES,
        rows.holes,
    ),
    Table(
        "Holes of libraries in SSReflect's style",
        ("holes_ssreflect",),
        "`bench/holes.py --part ssreflect --sample 14 --cpu-seconds 5`",
        HOLES,
        rows.holes,
    ),
    Table(
        "Repair of broken proofs",
        ("repair",),
        "`bench/repair.py --each 45 --minif2f FILE`",
        {
            "group": "{group}",
            "broken": "{broken}",
            "repaired": "{repaired}",
            "closed without the proof": "{automation_alone}",
            "only by repair": "{repaired_beyond_automation}",
            "median CPU s": "{cpu_seconds_median:.2f}",
            "mean": "{cpu_seconds_mean:.2f}",
        },
        rows.groups,
    ),
    Table("Lemmas of imported libraries as premises", ("premises", "premises_reals"), REMOVED, PREMISES, rows.premises),
)
