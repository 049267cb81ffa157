"""The tables of docs/results.md that tell of speed, retrieval and the MemoryFormer, and of the long checks."""

from __future__ import annotations

from bench import results_rows as rows
from bench.results_tables import REMOVED, Table

QUALITY = {
    "equal": "{equal}",
    "MemoryFormer": "{memory}",
    "its bits per byte": "{memory_mean:.3f}",
    "rival": "{rival}",
    "bits per byte": "{rival_mean:.3f}",
    "MemoryFormer − rival, by seed": "{apart}",
}

SERVICE = {
    "way": "{way}",
    "requests": "{requests:,}",
    "a second": "{per_second:,.0f}",
    "answered rightly": "{right:,}",
    "median ms": "{median_ms:.1f}",
    "p99 ms": "{p99_ms:.0f}",
    "provers killed": "{killed}",
}

TABLES = (
    Table(
        "Checking and auditing in Rocq",
        ("verification",),
        "`bench/verification.py --full`",
        {"way": "{way}", "checks": "{checks}", "CPU ms a check": "{cpu_ms:.2f}", "wall ms": "{wall_ms:.2f}"},
    ),
    Table(
        "A process forked for each check",
        ("fork_server",),
        REMOVED,
        {"way": "{way}", "CPU ms a check": "{cpu_ms:.2f}", "wall ms": "{wall_ms:.2f}"},
    ),
    Table(
        "The service",
        ("service",),
        "`bench/service.py`",
        SERVICE,
    ),
    Table(
        "Tokens a second through the model's actor",
        ("throughput",),
        "`bench/throughput.py`",
        {
            "arm": "{arm}",
            "callers": "{callers}",
            "tokens/s": "{tokens_per_second:,.0f}",
            "median s to an answer": "{seconds_to_answer:.2f}",
        },
    ),
    Table(
        "Runs that meet faults",
        ("faults",),
        "`bench/faults.py --faults 50`",
        {
            "fault": "`{kind}`",
            "runs": "{faults}",
            "first exit code (runs)": "{first}",
            "ended": "{ended}",
            "lemmas acknowledged before": "{acknowledged}",
            "lost": "{lost}",
            "unequal tables": "{unequal} of {tables}",
        },
        rows.faults,
    ),
    Table(
        "Three hosts",
        ("hosts",),
        "`bench/hosts.py configs/quickstart.yaml --set rounds=2 --set 'problems=[{dataset: bundled, limit: 20}]' "
        "--set model.kind=local --set model.name=memoryformer_small --set model.context=512 "
        "--set model.instructed=false --set model.replicas=2 --set verifiers.processes=3 --set prove.workers=3`",
        {"actors": "{actors}", "how many on which host": "{hosts}"},
    ),
    Table(
        "What coordination costs",
        ("coordination",),
        "`bench/coordination.py`",
        {
            "part": "{part}",
            "proposals": "{count}",
            "a second": "{a_second}",
            "CPU s": "{cpu_seconds}",
            "CPU s of programs that it ended": "{cpu_seconds_of_what_it_ended}",
        },
        rows.coordination,
    ),
    Table(
        "The loop on more cores and GPUs, simulated",
        ("scale",),
        "`bench/scale.py --record RUN --foretell OTHER`",
        {
            "cores": "{cores}",
            "GPUs": "{gpus}",
            "workers": "{workers}",
            "rounds": "{rounds}",
            "seconds": "{seconds:,.0f}",
            "busy": "{told}",
        },
        rows.scale,
    ),
    Table(
        "Checking in Lean",
        ("lean_warm",),
        "`bench/lean_warm.py`",
        {
            "way": "{way}",
            "checks": "{checks}",
            "CPU ms, median": "{cpu_ms_median}",
            "mean": "{cpu_ms_mean}",
            "wall ms, median": "{wall_ms_median}",
            "95 %": "{wall_ms_p95}",
        },
    ),
    Table(
        "What Lean costs, before and after its signs are read",
        ("lean_costs",),
        "`bench/lean_costs.py --before FILE`",
        {"what": "{what}", "before": "{before}", "after": "{after}"},
    ),
    Table(
        "A Lean header that takes long to read",
        ("lean_header",),
        "`bench/lean_warm.py --header 200`",
        {
            "what": "{what}",
            "way": "{way}",
            "processes": "{processes}",
            "CPU s": "{cpu_seconds:.2f}",
            "wall s": "{wall_seconds:.2f}",
        },
    ),
    Table(
        "The library at size",
        ("library",),
        "`bench/library.py --skills FILE`",
        {
            "lemmas": "{lemmas:,}",
            "inserts a second": "{inserts_per_second}",
            "insert ms, p50": "{single_insert_p50_ms:.1f}",
            "p99": "{single_insert_p99_ms:.1f}",
            "retrieve ms, p50": "{retrieve_p50_ms:.1f}",
            "p99 ": "{retrieve_p99_ms:.1f}",
            "a problem's own, p50": "{retrieve_own_p50_ms:.1f}",
            "p99  ": "{retrieve_own_p99_ms:.1f}",
            "memory MiB": "{growing_rss_mib}",
            "snapshot s": "{snapshot_seconds:.0f}",
            "its MiB": "{snapshot_mib}",
            "resume s": "{resume_seconds:.0f}",
        },
    ),
    Table(
        "Beside LEGO-Prover's store",
        ("library",),
        "`bench/library.py --skills FILE`",
        {"what": "{what}", "ours, CPU ms": "{ours:.2f}", "theirs": "{theirs:,.2f}", "ratio": "{ratio:,.2f}"},
        rows.beside_lego,
    ),
    Table(
        "Analyses of a graph beside networkx",
        ("graph",),
        "`bench/graph.py --leandojo FILE`",
        {"analysis": "{analysis}", "ours, CPU s": "{ours:.2f}", "networkx": "{networkx:.2f}", "ratio": "{ratio:.1f}"},
    ),
    Table(
        "Retrieval: wanted lemmas among the first k, in per cent",
        ("retrieval",),
        "`bench/retrieval.py --leandojo FILE --runs RUN … --questions 200`",
        {
            "questions": "{source}",
            "how many": "{questions}",
            "ranking": "{method}",
            "at 1": "{recall_at_1}",
            "at 10": "{recall_at_10}",
            "95 %": "{recall_at_10_interval[0]} to {recall_at_10_interval[1]}",
            "at 25": "{recall_at_25}",
            "MRR": "{mrr}",
        },
    ),
    Table(
        "Memory of steps: the tactic of a proof among the first k that are told, as shares",
        ("step_memory",),
        "`bench/step_memory.py --train DIR --test DIR … --under DIRECTORY …`",
        {
            "known": "{arm}",
            "tested": "{library}",
            "steps": "{asked}",
            "files": "{files}",
            "exact, at 1": "{exact_1:.3f}",
            "at 10": "{exact_10:.3f}",
            "95 %": "{exact_10_interval[0]:.3f} to {exact_10_interval[1]:.3f}",
            "at 50": "{exact_50:.3f}",
            "up to new names, at 10": "{arguments_10:.3f}",
            "first word, at 1": "{head_1:.3f}",
            "first word, at 10": "{head_10:.3f}",
        },
    ),
    Table(
        "Memory of steps: what a step and a question cost",
        ("step_memory",),
        "`bench/step_memory.py --train DIR --sizes 100000 1000000`",
        {
            "steps": "{steps:,}",
            "features": "{features:,}",
            "bytes": "{bytes:,}",
            "to pack, CPU s": "{packing_s}",
            "to read a goal, CPU ms": "{reading_ms}",
            "to add, CPU ms": "{add_ms}",
            "to ask, CPU ms": "{ask_ms}",
            "95 % are below": "{ask_ms_95}",
        },
        rows.speed,
    ),
    Table(
        "Local models in vLLM",
        ("local_model",),
        "`bench/local_model.py`",
        {
            "model": "{model}",
            "file": "{file_bytes:,} bytes",
            "read for a token": "{active_bytes:,}",
            "keys and values": "{cache_bytes:,}",
            "ready after s": "{start_seconds}",
            "batch": "{batch}",
            "tokens a second": "{tokens_per_second:,.0f}",
        },
        rows.speeds,
    ),
    Table(
        "A memory layer beside `nn.Linear`: time of the latter ÷ time of the former, by tokens of a call",
        ("memory_layer",),
        "`bench/memory_layer.py`",
        {"type": "{type}", "threads": "{threads}", "caches": "{caches}", "width": "{width}"}
        | {str(tokens): f"{{t{tokens}:.2f}}" for tokens in (1, 4, 16, 64, 256)},
        rows.layers,
    ),
    Table(
        "Quality beside rivals of equal cost", ("memory_quality",), "`bench/memory_quality.py`", QUALITY, rows.quality
    ),
    Table(
        "Variants of the memory layer: bits per byte less those of the layer of the same seed",
        ("memory_beyond",),
        f"{REMOVED}; `bench/memory_quality.py --set recipe.start_temperature=2` has `cooling`",
        {
            "variant": "{change}",
            "what": "{words}",
            "FLOPs, of the layer's": "{flops_share:.2f}",
            "bytes moved": "{moved_share:.2f}",
            "by seed": "{apart}",
        },
        rows.variants,
    ),
    Table(
        "Long checks",
        ("acceptance",),
        "`make acceptance`",
        {"check": "{test}", "cases": "{outcomes}", "seconds": "{seconds:.0f}", "commits": "{commits}"},
        rows.checks,
    ),
)
