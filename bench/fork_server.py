"""Is a server that forks a warm `coqtop` for each candidate better than a session that is rolled back?

    python bench/fork_server.py --json fork_server.json

A plugin of `coqtop` forks after the header was read; each child reads one candidate as its input and ends. This
isolates best, but each child copies the pages that it writes to. It runs here without a sandbox and without limits,
which favours it; the product's warm checks run as they always do. Both answer for the same candidates, one way after
the other in one run, and have to be right about all. CPU seconds are those of the provers and of this process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from small_candidates import HEADER, Made, make
from verification import UNCACHED, Meter, Spent, machine, stated

from verifiers.rocq.verifier import RocqVerifier

PLUGIN = r"""
let control = Unix.openfile (Sys.getenv "FORK_CONTROL") [ Unix.O_RDONLY ] 0
let answers = Unix.openfile (Sys.getenv "FORK_ANSWERS") [ Unix.O_WRONLY ] 0

let rec read_line text =
  let byte = Bytes.create 1 in
  if Unix.read control byte 0 1 = 0 then exit 0
  else if Bytes.get byte 0 = '\n' then text
  else read_line (text ^ Bytes.to_string byte)

let become source output =
  let input = Unix.openfile source [ Unix.O_RDONLY ] 0 in
  let messages = Unix.openfile output [ Unix.O_WRONLY; Unix.O_CREAT; Unix.O_TRUNC ] 0o600 in
  Unix.dup2 input Unix.stdin;
  List.iter (Unix.dup2 messages) [ Unix.stdout; Unix.stderr ];
  List.iter Unix.close [ input; messages; control; answers ]

let rec serve () =
  match String.split_on_char ' ' (read_line "") with
  | [ source; output ] -> (
      match Unix.fork () with
      | 0 -> become source output
      | child ->
          ignore (Unix.waitpid [] child);
          ignore (Unix.write_substring answers "\n" 0 1);
          serve ())
  | _ -> exit 2

let () = serve ()
"""
COLLECTORS = {"OCaml's default": "", "no compaction, a minor heap of 256 KiB": "o=4000,s=32k"}


def build(folder: Path) -> None:
    """Compile the plugin; raises CalledProcessError."""
    (folder / "fork_server.ml").write_text(PLUGIN)
    compiler = ["ocamlfind", "ocamlopt"]
    subprocess.run([*compiler, "-package", "unix", "-c", "fork_server.ml"], cwd=folder, check=True)
    subprocess.run([*compiler, "-shared", "-o", "fork_server.cmxs", "fork_server.cmx"], cwd=folder, check=True)


class ForkServer:
    """A `coqtop` that has read the header, and forks for each candidate."""

    def __init__(self, plugin: Path, scratch: Path, collector: str) -> None:
        self.scratch = scratch
        for pipe in ("control", "answers"):
            os.mkfifo(scratch / pipe)
        environment = {**os.environ, "OCAMLRUNPARAM": collector}
        environment |= {"FORK_CONTROL": str(scratch / "control"), "FORK_ANSWERS": str(scratch / "answers")}
        self.process = subprocess.Popen(
            ["coqtop", "-q", "-w", "none", "-I", str(plugin)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        assert self.process.stdin is not None
        self.input = self.process.stdin
        self.input.write(f'{HEADER}\nDeclare ML Module "fork_server:fork_server.plugin".\n'.encode())
        self.input.flush()
        self.control = (scratch / "control").open("wb", buffering=0)
        self.answers = (scratch / "answers").open("rb", buffering=0)

    def accepts(self, made: Made) -> bool:
        source, output = self.scratch / "candidate.v", self.scratch / "messages"
        source.write_text(stated(made))
        self.control.write(f"{source} {output}\n".encode())
        self.answers.readline()
        return "Frozen_check is defined" in output.read_text()

    def close(self) -> float:
        """End it; the CPU seconds of it and of its children."""
        for pipe in (self.control, self.answers, self.input):
            pipe.close()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime


def forked(made: list[Made], plugin: Path, collector: str) -> Spent:
    with tempfile.TemporaryDirectory() as scratch:
        began, own = time.monotonic(), time.process_time()
        server = ForkServer(plugin, Path(scratch), collector)
        wrong = [one.candidate.problem.name for one in made if server.accepts(one) != one.right]
        spent = Spent(server.close() + time.process_time() - own, time.monotonic() - began)
    if wrong:
        raise SystemExit(f"unexpected verdicts: {', '.join(wrong)}")
    return spent


def warm(made: list[Made]) -> Spent:
    verifier = RocqVerifier(UNCACHED)
    meter = Meter(verifier)
    verdicts = meter.run(lambda: [verifier.check([one.candidate])[0] for one in made])
    verifier.close()
    if [verdict.verdict == "accepted" for verdict in verdicts] != [one.right for one in made]:
        raise SystemExit("unexpected verdicts of the warm session")
    return meter.total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    where = machine()
    made = make(options.candidates, options.seed)
    rolled_back = warm(made).per(len(made))
    rows: list[dict[str, Any]] = [{"way": "session, rolled back after each", **rolled_back}]
    with tempfile.TemporaryDirectory() as plugin:
        build(Path(plugin))
        for name, collector in COLLECTORS.items():
            rows.append({"way": f"fork for each ({name})", **forked(made, Path(plugin), collector).per(len(made))})
    best = min(row["cpu_ms"] for row in rows[1:])
    headline = {"cpu_of_fork_vs_session": round(best / rolled_back["cpu_ms"], 2)}
    print(f"{where}; {len(made)} candidates, seed {options.seed}\n")
    print(f"{'way':66} {'CPU ms':>9} {'wall ms':>9}")
    for row in rows:
        print(f"{row['way']:66} {row['cpu_ms']:9.2f} {row['wall_ms']:9.2f}")
    print("\n" + "\n".join(f"{name:36} {value}" for name, value in headline.items()))
    if options.json:
        result = {"machine": where, "seed": options.seed, "checks": len(made), "rows": rows, "headline": headline}
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
