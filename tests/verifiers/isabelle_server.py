"""A stand-in for the Isabelle server: its protocol in full, its sessions and tasks, and no logic.

Runs as a process of its own: `isabelle_server.py server -n NAME [-p PORT]` announces itself as the real one does and
stays. It speaks the documented protocol; what a real prover would find out it guesses from the text of the theories:

* a theory whose text says `undefined_fact`, or the name of a library lemma that it does not have, has an error there,
  one that says `loops_forever` does not end, and every other one is fine (also `sorry`: a server's sessions are
  interactive);
* the audit theory is answered by comparing texts: is the theorem in C, does it say what R says, does C say `sorry`.

Anything else is told by *plays*, a JSON file named by `--plays` and read anew for every task: a list of objects, of
which the first whose `when` (a regular expression) is found in a theory's text applies. `PLAY` lists what they can say.

It calls itself a stand-in, and nothing that it answers is evidence of anything: verdicts have trust `elaborated` at
most, and the library refuses them (design, invariant 11).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import socket
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

NAME = "Isabelle2025-2 (stand-in)"
ID = "stand-in"
SHORT = 100

PLAY = {
    "when": "which texts: a regular expression",
    "nodes": "letter of a theory (S, R, L, C, A) → what its entry says: status, messages, node_name, twice, absent",
    "audit": "what the audit says instead: given, stated, same, hyps, shyps, tpairs, skipped, skip_proofs, oracle, "
    "axiom, uses, or raw (lines)",
    "result": "what the result says instead: ok, errors, nodes",
    "task": "hang (until the limit), stuck (also after it), late (a cancel comes too late), failed, drop (the "
    "connection in mid-message), die (the whole server), kill_ml (after it the session's ML process is dead)",
    "facts": "lines of the theory G that asks for a session's facts, @ being its nonce",
    "message": "of a task that failed",
    "build": "what session_build answers instead",
}
WIRE = {
    "pieces": 0,
    "long": False,
    "crlf": False,
    "chatter": False,
    "padding": 0,
    "forget": False,
    "greeting": None,
    "early": 0,
}
"""What a play without `when` may set: bytes in one packet, all messages in long form, CR before LF, notes everywhere,
characters of an additional message in every result, whether the next question's session is unknown (once), how it
greets, and how many answers about a theory come before it is consolidated."""

CLEAN = {
    "ok": True, "total": 7, "unprocessed": 0, "running": 0, "warned": 0, "failed": 0, "finished": 7, "canceled": False,
    "consolidated": True, "percentage": 100,
}  # fmt: skip


class GoneError(Exception):
    """The connection is over."""


class Server:
    """What all connections share: sessions and plays."""

    def __init__(self, plays: Path | None, name: str) -> None:
        self.plays_file = plays
        self.name = name
        self.password = str(uuid.uuid4())
        self.sessions: dict[str, dict[str, str]] = {}
        self.asked: dict[tuple[str, str], int] = {}
        self.stalled: set[str] = set()
        """Sessions of which every theory waits behind a loop, or for an ML process that is dead."""
        self.dead: set[str] = set()
        self.has_forgotten = False
        self.listener = socket.create_server(("127.0.0.1", 0))

    @property
    def announcement(self) -> str:
        return f'server "{self.name}" = 127.0.0.1:{self.listener.getsockname()[1]} (password "{self.password}")'

    def plays(self) -> list[dict[str, Any]]:
        if self.plays_file is None or not self.plays_file.is_file():
            return []
        return json.loads(self.plays_file.read_text())

    def wire(self) -> dict[str, Any]:
        told = [play for play in self.plays() if "when" not in play]
        return WIRE | (told[0] if told else {})

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=Connection(self, connection).serve, daemon=True).start()


class Connection:
    """One client: its commands in order, its tasks beside them."""

    def __init__(self, server: Server, connection: socket.socket) -> None:
        self.server = server
        self.connection = connection
        self.reader = connection.makefile("rb")
        self.writing = threading.Lock()
        self.tasks: dict[str, threading.Event] = {}
        self.threads: list[threading.Thread] = []

    # ------------------------------------------------------------------------------------------------- the wire

    def read(self) -> str:
        line = self.reader.readline()
        if not line.endswith(b"\n"):
            raise GoneError
        line = line[:-1].removesuffix(b"\r")
        if line.isdigit():
            block = self.reader.read(int(line))
            if len(block) < int(line):
                raise GoneError
            return block.removesuffix(b"\n").removesuffix(b"\r").decode()
        return line.decode()

    def write(self, name: str, argument: Any = None, *, cut: bool = False) -> None:
        wire = self.server.wire()
        keys = list(argument) if isinstance(argument, dict) else []
        if keys:  # the order of keys is not fixed
            argument = {key: argument[key] for key in sorted(keys, key=lambda key: hash((key, secrets.randbits(8))))}
        text = name if argument is None else f"{name} {json.dumps(argument, ensure_ascii=False, separators=(',', ':'))}"
        data = text.encode()
        end = b"\r\n" if wire["crlf"] else b"\n"
        if len(data) > SHORT or b"\n" in data or wire["long"]:
            data = str(len(data) + len(end)).encode() + b"\n" + data
        data += end
        if cut:
            data = data[: len(data) // 2]
        with self.writing:
            pieces = wire["pieces"] or len(data)
            for start in range(0, len(data), pieces):
                try:
                    self.connection.sendall(data[start : start + pieces])
                except OSError as error:
                    raise GoneError from error

    def chatter(self, task: str = "") -> None:
        if self.server.wire()["chatter"]:
            self.write("NOTE", {"kind": "nodes_status", "nodes_status": []})
            self.write("NOTE", {"kind": "writeln", "message": "∀ " * 60, **({"task": task} if task else {})})

    def close(self) -> None:
        for event in self.tasks.values():
            event.set()
        self.connection.close()

    # ------------------------------------------------------------------------------------------------- commands

    def serve(self) -> None:
        try:
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = self.reader.readline()
            if line.rstrip(b"\r\n").decode("utf-8", "replace") != self.server.password:
                return
            self.write("OK", {"isabelle_id": ID} | (self.server.wire()["greeting"] or {"isabelle_name": NAME}))
            while True:
                self.command(self.read())
        except (GoneError, OSError, ValueError):
            pass
        finally:
            for event in self.tasks.values():
                event.set()
            for thread in self.threads:  # closing a connection cancels and joins its tasks
                thread.join()
            # A reader of the same socket keeps the connection open until it is closed as well.
            self.reader.close()
            self.connection.close()

    def command(self, message: str) -> None:
        found = re.match(r"([A-Za-z0-9_.]*)[ \t]*(.*)\Z", message, re.DOTALL)
        assert found is not None
        name, text = found.groups()
        self.chatter()
        if not message.strip():
            self.write("NOTE", {"kind": "writeln", "message": "Command 'help' provides list of commands"})
            return
        if name not in COMMANDS:
            self.write("ERROR", f"Bad command '{name}'")
            return
        try:
            argument = json.loads(text) if text else None
        except ValueError:
            said = f"Malformed argument for command '{name}'"
            self.write("ERROR", {"kind": "error", "message": said, "argument": text})
            return
        wanted = COMMANDS[name]
        if wanted and not fits(argument, wanted):
            said = f"Bad argument for command '{name}'"
            self.write("ERROR", {"kind": "error", "message": said, "argument": argument})
            return
        if name in ("session_build", "session_start", "session_stop", "use_theories"):
            self.start(name, argument)
        else:
            getattr(self, name)(argument)

    def help(self, _: Any) -> None:
        self.write("OK", sorted(COMMANDS))

    def echo(self, argument: Any) -> None:
        self.write("OK", argument)

    def shutdown(self, _: Any) -> None:
        self.write("OK")
        self.server.listener.close()
        self.server.sessions.clear()
        sys.stdout.close()
        os._exit(0)

    def cancel(self, argument: dict[str, Any]) -> None:
        if argument["task"] in self.tasks:  # tasks of other connections are not known here
            self.tasks[argument["task"]].set()
        self.write("OK")

    def purge_theories(self, argument: dict[str, Any]) -> None:
        loaded = self.server.sessions.get(argument["session_id"])
        if loaded is None:
            said = f"No session '{argument['session_id']}'"
            self.write("ERROR", {"kind": "error", "message": said})
            return
        folder = argument.get("master_dir", "")
        asked = [str(Path(folder) / f"{name}.thy") for name in argument.get("theories", [])]
        names = list(loaded) if argument.get("all") else [name for name in asked if name in loaded]
        for name in names:
            loaded.pop(name, None)
            self.server.asked.pop((argument["session_id"], name), None)
        purged = [{"node_name": name, "theory_name": f"Draft.{Path(name).stem}"} for name in names]
        self.write("OK", {"purged": purged, "retained": []})

    def start(self, name: str, argument: Any) -> None:
        task = str(uuid.uuid4())
        event = self.tasks[task] = threading.Event()
        self.write("OK", {"task": task})
        self.chatter(task)

        def run() -> None:
            try:
                end, answer = getattr(self, f"task_{name}")(argument, task, event)
                self.chatter(task)
                self.write(end, answer | {"task": task})
            except (GoneError, OSError):
                self.connection.close()

        thread = threading.Thread(target=run, daemon=True)
        self.threads = [one for one in self.threads if one.is_alive()] + [thread]
        thread.start()

    # ---------------------------------------------------------------------------------------------------- tasks

    def task_session_start(self, argument: dict[str, Any], task: str, _: threading.Event) -> tuple[str, dict[str, Any]]:
        if argument["session"] == "Missing":
            return "FAILED", {"kind": "error", "message": 'Undefined session(s): "Missing"'}
        message = f"Starting session {argument['session']} ..."
        self.write("NOTE", {"kind": "writeln", "message": message, "verbose": "false", "task": task})
        session = str(uuid.uuid4())
        self.server.sessions[session] = {}
        greeting = self.server.wire()["greeting"] or {}
        if len(self.server.sessions) > 1 and "Isabelle2020" in greeting.get("isabelle_version", ""):
            self.server.stalled |= set(self.server.sessions)  # its trace manager is dead
        return "FINISHED", {"session_id": session, "tmp_dir": f"/tmp/server_session{secrets.randbelow(10**9)}"}

    def task_session_stop(self, argument: dict[str, Any], *_: Any) -> tuple[str, dict[str, Any]]:
        if self.server.sessions.pop(argument["session_id"], None) is None:
            return "FAILED", {"kind": "error", "message": f"No session '{argument['session_id']}'"}
        return "FINISHED", {"ok": True, "return_code": 0}

    def task_session_build(self, argument: dict[str, Any], *_: Any) -> tuple[str, dict[str, Any]]:
        folders = [Path(folder) for folder in argument.get("dirs", [])]
        texts = [file.read_text() for folder in folders for file in sorted(folder.glob("*.thy"))]
        play = played(self.server.plays(), texts)
        quick = [text for text in map(code, texts) if "sorry" in text and "quick_and_dirty = true" not in text]
        if quick or "build" in play:
            said = {"ok": False, "return_code": 1, "sessions": [], "kind": "error"}
            return "FAILED", said | {"message": play.get("build", "Session build failed: quick_and_dirty")}
        return "FINISHED", {"ok": True, "return_code": 0, "sessions": []}

    def task_use_theories(
        self, argument: dict[str, Any], task: str, event: threading.Event
    ) -> tuple[str, dict[str, Any]]:
        if self.server.wire()["forget"] and not self.server.has_forgotten:
            self.server.has_forgotten = True
            self.server.sessions.pop(argument["session_id"], None)
        if argument["session_id"] not in self.server.sessions:
            return "FAILED", {"kind": "error", "message": f"No session '{argument['session_id']}'"}
        folder = Path(argument.get("master_dir", "/nowhere"))
        theories: dict[str, str] = {}
        try:
            for name in argument["theories"]:
                load(folder, name, theories)
        except OSError as error:
            return "FAILED", {"kind": "error", "message": f"Cannot load theory file {error.filename}"}
        except NameError as error:
            return "FAILED", {"kind": "error", "message": str(error)}
        session = argument["session_id"]
        self.note_progress(session, folder, theories, task)
        plays = {name: played(self.server.plays(), [closure(theories, name)]) for name in theories}
        for play in plays.values():
            if play.get("task") in ("drop", "die"):
                self.write("FINISHED", {"ok": True, "errors": [], "nodes": [], "padding": "∀" * 1000}, cut=True)
                self.end(play["task"])
            if play.get("task") == "failed":
                return "FAILED", {"kind": "error", "message": play.get("message", "Failed")}
        waiting = {name for name in theories if is_endless(theories[name], plays[name])}
        if session in self.server.stalled:
            waiting = set(theories)
        if any(play.get("task") == "kill_ml" for play in plays.values()):
            self.server.dead.add(session)
            self.server.stalled.add(session)
        kinds = {plays[name].get("task", "") for name in waiting}
        how = self.wait_for_limit(argument, kinds, event) if waiting else ""
        if how == "interrupted":
            return "FAILED", {"kind": "error", "message": "Interrupt"}
        if how == "late":
            waiting = set()
        if any("loops_forever" in text for text in theories.values()):
            self.server.stalled.add(session)  # the method keeps its thread
        asked = {name: self.server.asked.get((session, str(folder / f"{name}.thy")), 0) for name in theories}
        early = {name for name in theories if asked[name] <= self.server.wire()["early"]}
        return "FINISHED", self.result(folder, theories, plays, waiting, early)

    def note_progress(self, session: str, folder: Path, theories: dict[str, str], task: str) -> None:
        """Load theories, with a note of each whose percentage changes by that."""
        for name, text in theories.items():
            path = str(folder / f"{name}.thy")
            self.server.sessions[session][path] = text
            self.server.asked[session, path] = self.server.asked.get((session, path), 0) + 1
            note = {"kind": "writeln", "message": f"theory Draft.{name} 42%", "theory": f"Draft.{name}", "session": ""}
            if session not in self.server.dead and self.server.asked[session, path] == 1:
                self.write("NOTE", note | {"percentage": 42, "task": task})

    def wait_for_limit(self, argument: dict[str, Any], kinds: set[str], event: threading.Event) -> str:
        """Wait for theories that do not end; whether it ended at the limit, interrupted, or late, after all."""
        limit = float(argument.get("check_limit", 0)) * float(argument.get("check_delay", 0.5)) or 1e9
        started = time.monotonic()
        while time.monotonic() - started < limit or "stuck" in kinds or "late" in kinds:
            if event.wait(0.01) and "stuck" not in kinds:
                return "late" if "late" in kinds else "interrupted"
            if event.is_set() and "stuck" in kinds and self.connection.fileno() < 0:
                raise GoneError
        return "limit"

    def result(
        self,
        folder: Path,
        theories: dict[str, str],
        plays: dict[str, dict[str, Any]],
        waiting: set[str],
        early: set[str],
    ) -> dict[str, Any]:
        nodes: list[dict[str, Any]] = []
        for name, text in theories.items():
            node = entry(folder, name, text, theories, plays[name])
            if name in early:
                node["status"] |= {"consolidated": False, "percentage": 99}
            if any(imported in waiting for imported in (name, *imports(text))):
                unfinished = {"unprocessed": 3, "running": 1, "finished": 3, "consolidated": False, "percentage": 57}
                node["status"] = CLEAN | unfinished
                node["messages"] = []
            told = plays[name].get("nodes", {}).get(letter(name), {})
            node |= {key: value for key, value in told.items() if key in ("messages", "node_name", "theory_name")}
            node["status"] |= told.get("status", {})
            nodes += [] if told.get("absent") else [node] * (2 if told.get("twice") else 1)
        padding = self.server.wire()["padding"]
        if padding:
            nodes[0]["messages"] = [*nodes[0]["messages"], {"kind": "writeln", "message": "∀" * padding, "pos": {}}]
        errors = [message for node in nodes for message in node["messages"] if message["kind"] == "error"]
        answer = {"ok": all(node["status"]["ok"] for node in nodes), "errors": errors, "nodes": nodes}
        for play in plays.values():
            answer |= play.get("result", {})
        return answer

    def end(self, how: str) -> None:
        if how == "die":
            os._exit(9)
        self.connection.shutdown(socket.SHUT_RDWR)
        raise GoneError


COMMANDS: dict[str, dict[str, type]] = {
    "cancel": {"task": str},
    "echo": {},
    "help": {},
    "purge_theories": {"session_id": str},
    "session_build": {"session": str},
    "session_start": {"session": str},
    "session_stop": {"session_id": str},
    "shutdown": {},
    "use_theories": {"session_id": str, "theories": list},
}


def fits(argument: Any, wanted: dict[str, type]) -> bool:
    if not isinstance(argument, dict):
        return False
    for key, kind in wanted.items():
        if not isinstance(argument.get(key), kind):
            return False
        if key in ("task", "session_id"):
            try:
                uuid.UUID(argument[key])
            except ValueError:
                return False
    return True


# -------------------------------------------------------------------------------------------------------- theories


def load(folder: Path, name: str, theories: dict[str, str]) -> None:
    """Read a theory after those that it imports from the same folder."""
    if name in theories:
        return
    text = (folder / f"{name}.thy").read_text(encoding="utf-8")
    called = first(r"\btheory\s+(\w+)", text)
    if called != name:
        raise NameError(f'Bad theory name "{called}" for file "{name}.thy"')
    for imported in imports(text):
        if imported.startswith("Lemmary_"):
            load(folder, imported, theories)
        elif imported.startswith("Missing"):
            raise FileNotFoundError(2, "No such file", imported)
    theories[name] = text


def imports(text: str) -> list[str]:
    found = re.search(r"\bimports\b(.*?)\bbegin\b", text, re.DOTALL)
    return re.findall(r"[\w.-]+", found[1]) if found else []


def closure(theories: dict[str, str], name: str) -> str:
    """The text of a theory and of all that it imports."""
    text = theories.get(name, "")
    return "\n".join([text, *(closure(theories, imported) for imported in imports(text) if imported in theories)])


def letter(name: str) -> str:
    found = re.match(r"Lemmary_([A-Z])_", name)
    return found[1] if found else ""


def played(plays: list[dict[str, Any]], texts: list[str]) -> dict[str, Any]:
    for play in plays:
        if "when" in play and any(re.search(play["when"], text) for text in texts):
            return play
    return {}


def is_endless(text: str, play: dict[str, Any]) -> bool:
    return "loops_forever" in text or (play.get("task") in ("hang", "stuck", "late") and play["when"] in text)


def entry(folder: Path, name: str, text: str, theories: dict[str, str], play: dict[str, Any]) -> dict[str, Any]:
    """The node of a theory, as an honest prover might have found it."""
    status: dict[str, Any] = dict(CLEAN)
    messages: list[dict[str, Any]] = []
    node = str(folder / f"{name}.thy")
    known = closure(theories, name)
    misplaced = re.search(r"\bbegin\s+(by|proof|apply|using)\b", text)
    if misplaced is not None:
        messages.append({"kind": "error", "message": f'Bad context for command "{misplaced[1]}"', "pos": {}})
        status |= {"ok": False, "failed": 1, "finished": 6}
    for found in re.finditer(r"undefined_fact|\bl[0-9a-f]{16}\b", text):
        if f"lemma {found[0]}:" in known:
            continue
        symbols = len(re.findall(r"\\<\^?\w+>|.", text[: found.start()], re.DOTALL))
        end = symbols + 1 + len(found[0])
        place = {"line": text.count("\n", 0, found.start()) + 1, "offset": symbols + 1, "end_offset": end}
        said = f'Undefined fact: "{found[0]}"\\<^here>'
        messages.append({"kind": "error", "message": said, "pos": place | {"file": node}})
        status |= {"ok": False, "failed": 1, "finished": 6}
    if "print_state" in text:
        messages.append({"kind": "writeln", "message": play.get("state", "proof (prove)\ngoal (1 subgoal):\n 1. P")})
    if letter(name) == "A":
        messages += [{"kind": "writeln", "message": line, "pos": {}} for line in answers(text, theories, play)]
    if letter(name) == "G":
        nonce = first(r'"(\w+) fact"', text)
        lines = "\n".join(play.get("facts", [])).replace("@", nonce)
        messages.append({"kind": "writeln", "message": lines, "pos": {}})
    return {"node_name": node, "theory_name": f"Draft.{name}", "status": status, "messages": messages, "exports": []}


def answers(text: str, theories: dict[str, str], play: dict[str, Any]) -> list[str]:
    """What the ML of the audit theory would say, guessed from the texts of the others."""
    nonce = first(r'prefix \("(\w+) "', text)
    candidate, name = first(r'given = facts "(\w+)\.', text), first(r"given = facts \"\w+\.([\w']+)\"", text)
    stated = theories.get(first(r'stated = facts "(\w+)\.', text), "")
    offered, lemmas = theories.get(candidate, ""), first(r'the_theory "(\w+)"', text)
    theorem = rf"\b(?:theorem|lemma|corollary|proposition)\s+{re.escape(name)}\s*(?:\[[^\]]*\])?:"
    wanted = re.split(theorem, stated)[-1].rpartition("sorry")[0]
    parts = re.split(theorem, offered)
    given = len(parts) - 1
    same = given > 0 and " ".join(parts[-1].split()).startswith(" ".join(wanted.split()))
    everything = code(closure(theories, candidate))
    skipped = re.search(r"\bsorry\b", everything) is not None
    used = [one for one in re.findall(r"lemma (\w+):", theories.get(lemmas, "")) if re.search(rf"\b{one}\b", offered)]
    said: dict[str, Any] = {
        "given": given, "stated": int(bool(wanted)), "same": same, "hyps": 0, "shyps": 0, "tpairs": 0,
        "skipped": skipped, "skip_proofs": False, "oracle": ["Pure.skip_proof"] if skipped else [], "axiom": [],
        "uses": [*(f"{lemmas}.{one}" for one in used), "HOL.refl"],
    }  # fmt: skip
    said |= {key: value for key, value in play.get("audit", {}).items() if key != "raw"}
    flat = [(key, one) for key, value in said.items() for one in (value if isinstance(value, list) else [value])]
    lines = [f"{nonce} {key} {str(one).lower() if isinstance(one, bool) else one}" for key, one in flat]
    lines.append(f"{nonce} done {nonce}")
    if "raw" in play.get("audit", {}):
        return [line.replace("@", nonce) for line in play["audit"]["raw"]]
    return lines


def code(text: str) -> str:
    """A text without its comments."""
    return re.sub(r"\(\*.*?\*\)", " ", text, flags=re.DOTALL)


def first(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match[1] if match else ""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--plays", type=Path)
    tools = parser.add_subparsers(dest="tool", required=True)
    tools.add_parser("getenv").add_argument("rest", nargs=argparse.REMAINDER)
    server = tools.add_parser("server")
    server.add_argument("-n", dest="name", default="isabelle")
    server.add_argument("-s", dest="existing", action="store_true")
    arguments = parser.parse_args()
    if arguments.tool == "getenv":
        return
    if arguments.existing:
        sys.exit(f'*** No running server "{arguments.name}"')
    running = Server(arguments.plays, arguments.name)
    print(running.announcement, flush=True)
    running.serve()


if __name__ == "__main__":
    main()
