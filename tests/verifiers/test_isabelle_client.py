"""The client against a server on a real socket: answers, tasks, deadlines, and connections that end."""

import socket
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import OutsideError
from tests.verifiers.isabelle_stand_in import StandIn, running
from verifiers.audit.isabelle.client import Client, CommandError, Ended, ServerGone, Stream, connect
from verifiers.audit.isabelle.framing import ProtocolError, encode


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running(tmp_path_factory.mktemp("server")) as one:
        yield one


@pytest.fixture
def server(shared: StandIn) -> Iterator[StandIn]:
    shared.play()
    yield shared
    shared.play()


@pytest.fixture
def client(server: StandIn) -> Iterator[Client]:
    one = server.client()
    yield one
    one.close()


def session(client: Client) -> str:
    ended = client.wait(client.start("session_start", {"session": "HOL"}, 5), 5)
    return ended.answer["session_id"]


def use(client: Client, folder: Path, text: str, session_id: str, **more: Any) -> str:
    """Start a task on a theory with this text."""
    name = f"T{uuid.uuid4().hex}"
    (folder / f"{name}.thy").write_text(f'theory {name} imports "Main" begin\n{text}\nend\n')
    asked = {"session_id": session_id, "theories": [name], "master_dir": str(folder)}
    return client.start("use_theories", asked | more, 5)


# ------------------------------------------------------------------------------------------------------- commands


def test_the_server_says_who_it_is(client: Client) -> None:
    assert client.identity.name == "Isabelle2025-2 (stand-in)"
    assert client.identity.id == "stand-in"


def test_an_old_server_says_its_version_with_a_date(server: StandIn) -> None:
    server.play({"greeting": {"isabelle_version": "Isabelle2020: April 2020"}})
    client = server.client()
    assert client.identity.name == "Isabelle2020"
    client.close()


def test_commands_are_answered(client: Client) -> None:
    assert client.command("help", None, 5) == sorted(client.command("help", None, 5))
    assert client.command("echo", {"a": "∀ \n é", "b": [1, None]}, 5) == {"a": "∀ \n é", "b": [1, None]}


@pytest.mark.parametrize(
    ("name", "argument", "said"),
    [
        ("frobnicate", None, "Bad command 'frobnicate'"),
        ("cancel", {"task": "no uuid"}, "Bad argument for command 'cancel'"),
        ("cancel", [1], "Bad argument for command 'cancel'"),
        ("purge_theories", {"session_id": str(uuid.UUID(int=1))}, f"No session '{uuid.UUID(int=1)}'"),
    ],
)
def test_errors_are_the_servers_words_whether_strings_or_objects(
    client: Client, name: str, argument: Any, said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        client.command(name, argument, 5)
    assert client.command("echo", 1, 5) == 1


def test_a_wrong_password_is_told_from_silence(server: StandIn) -> None:
    with pytest.raises(OutsideError, match="password"):
        Client(connect(server.host, server.port, 5), "wrong", 5)


def test_nobody_listening_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(OutsideError, match="no Isabelle server at") as error:
        connect("127.0.0.1", port, 5)
    assert "\n" not in str(error.value)


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(OutsideError, match="does not answer"):
        Client(connect("127.0.0.1", silent.getsockname()[1], 5), "password", 0.1)


# ----------------------------------------------------------------------------------------------------------- tasks


def test_ends_of_tasks_that_interleave_go_to_their_own(client: Client, server: StandIn, tmp_path: Path) -> None:
    server.play({"chatter": True})
    known = session(client)
    tasks = [use(client, tmp_path, text, known) for text in ("undefined_fact", "fine", "undefined_fact", "fine")]
    ended = [client.wait(task, 5) for task in reversed(tasks)]
    assert [one.answer["ok"] for one in ended] == [True, False, True, False]
    assert [one.answer["task"] for one in ended] == list(reversed(tasks))


def test_a_task_of_which_nothing_is_heard_can_be_cancelled(client: Client, tmp_path: Path) -> None:
    task = use(client, tmp_path, "loops_forever", session(client))
    with pytest.raises(TimeoutError):
        client.wait(task, 0.1)
    ended = client.cancel(task, 5)
    assert ended is not None
    assert (ended.finished, ended.message) == (False, "Interrupt")


def test_a_cancel_that_comes_too_late_gives_the_result(client: Client, server: StandIn, tmp_path: Path) -> None:
    server.play({"when": "at_last", "task": "late"})
    ended = client.cancel(use(client, tmp_path, "at_last", session(client)), 5)
    assert ended is not None
    assert ended.finished
    assert ended.answer["ok"] is True


def test_cancelling_what_is_unknown_or_finished_does_nothing(client: Client, tmp_path: Path) -> None:
    task = use(client, tmp_path, "fine", session(client))
    assert client.wait(task, 5).finished
    assert client.command("cancel", {"task": task}, 5) is None
    assert client.command("cancel", {"task": str(uuid.uuid4())}, 5) is None


def test_a_task_that_does_not_end_is_abandoned_and_its_end_is_nobodys(
    client: Client, server: StandIn, tmp_path: Path
) -> None:
    known = session(client)
    server.play({"when": "for_a_while", "task": "stuck"})
    task = use(client, tmp_path, "for_a_while", known)
    assert client.cancel(task, 0.1) is None
    assert client.wait(use(client, tmp_path, "fine", known), 5).finished


def test_closing_a_connection_cancels_its_tasks_and_keeps_its_sessions(server: StandIn, tmp_path: Path) -> None:
    first, second = server.client(), server.client()
    known = session(first)
    use(first, tmp_path, "loops_forever", known)
    first.close()
    assert second.wait(use(second, tmp_path, "fine", known), 5).answer["ok"] is True
    second.close()


def test_a_task_of_another_connection_cannot_be_cancelled(server: StandIn, tmp_path: Path) -> None:
    first, second = server.client(), server.client()
    task = use(first, tmp_path, "loops_forever", session(first))
    second.command("cancel", {"task": task}, 5)
    with pytest.raises(TimeoutError):
        first.wait(task, 0.1)
    first.close()
    second.close()


@pytest.mark.parametrize("wire", [{"pieces": 3}, {"pieces": 7, "crlf": True}, {"long": True}, {"chatter": True}])
def test_the_wire_may_look_as_it_likes(server: StandIn, tmp_path: Path, wire: dict[str, Any]) -> None:
    server.play(wire)
    client = server.client()
    ended = client.wait(use(client, tmp_path, "undefined_fact ∀", session(client)), 20)
    assert ended.answer["errors"][0]["message"].startswith("Undefined fact")
    client.close()


def test_an_answer_of_megabytes_is_whole(client: Client, server: StandIn, tmp_path: Path) -> None:
    known = session(client)
    server.play({"padding": 1_500_000})
    answer = client.wait(use(client, tmp_path, "fine", known), 30).answer
    assert len(answer["nodes"][0]["messages"][-1]["message"]) == 1_500_000


def test_a_question_of_megabytes_is_answered_by_as_much(client: Client) -> None:
    text = "∀x" * 1_000_000
    assert client.command("echo", text, 30) == text


@pytest.mark.parametrize("how", ["drop", "die"])
def test_an_end_in_the_middle_of_a_message_is_the_end(tmp_path: Path, how: str) -> None:
    with running(tmp_path) as server:
        client = server.client()
        known = session(client)
        server.play({"when": "now", "task": how})
        with pytest.raises(ServerGone, match="middle of a message"):
            client.wait(use(client, tmp_path, "now", known), 5)
        assert client.closed
        with pytest.raises(ServerGone):
            client.command("help", None, 5)


def test_a_shutdown_is_an_end(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        client = server.client()
        assert client.command("shutdown", None, 5) is None
        with pytest.raises(ServerGone):
            client.command("help", None, 5)


# -------------------------------------------------------------------------------------- what no real server would do


def scripted(answers: list[bytes], password_answer: bytes = b'OK {"isabelle_id":"","isabelle_name":""}\n') -> Client:
    """A client of a server that answers one line with each of these, then closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as reader:
            for answer in [password_answer, *answers]:
                reader.readline()
                connection.sendall(answer)
        listener.close()

    threading.Thread(target=serve, daemon=True).start()
    return Client(connect("127.0.0.1", listener.getsockname()[1], 5), "password", 5)


@pytest.mark.parametrize(
    "answer",
    [
        b"OK {\n",
        b"HELLO 1\n",
        b'FINISHED {"ok":true}\n',
        b"FINISHED 1\n",
        b"999999999999999\nOK",
        b"\xff\xfe\n",
        b'OK {"task":1}\n',
        b"OK\n",
    ],
)
def test_what_is_no_protocol_closes_the_connection(answer: bytes) -> None:
    client = scripted([answer])
    with pytest.raises((ProtocolError, ServerGone)):
        client.start("use_theories", {}, 5)
    assert client.closed


@pytest.mark.parametrize("greeting", [b"ERROR 1\n", b"OK\n", b"OK [1]\n", b"what\n", b"OK {\n", b""])
def test_a_greeting_that_is_none_is_refused(greeting: bytes) -> None:
    with pytest.raises(OutsideError):
        scripted([], greeting)


def test_an_answer_that_comes_too_late_is_never_taken_for_the_next() -> None:
    client = scripted([b"", b"OK 1\nOK 2\n"])
    with pytest.raises(ServerGone, match="within"):
        client.command("echo", 1, 0.1)
    with pytest.raises(ServerGone):
        client.command("echo", 2, 5)


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(4)), st.lists(st.integers(min_value=1, max_value=400), max_size=8))
def test_any_order_of_ends_and_any_packets_are_sorted(order: list[int], cuts: list[int]) -> None:
    """Four tasks; their ends come in any order, between notes, cut anywhere."""
    ids = [f"task {number} ∀" for number in range(4)]
    oks = [encode(f'OK {{"task":"{task}"}}') for task in ids]
    ends = b"".join(
        encode('NOTE {"kind":"nodes_status","nodes_status":[]}')
        + encode(f'{"FINISHED" if at % 2 else "FAILED"} {{"message":"{"é" * 60}","n":{at},"task":"{ids[at]}"}}')
        for at in order
    )
    pieces = [ends[start:end] for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(ends)], strict=True)]
    ours, theirs = socket.socketpair()
    theirs.sendall(b'OK {"isabelle_id":"","isabelle_name":""}\n' + b"".join(oks))

    def send() -> None:
        for piece in pieces:
            theirs.sendall(piece)

    client = Client(Stream(ours.fileno(), ours.fileno(), ours.close), "password", 5)
    tasks = [client.start("use_theories", {}, 5) for _ in ids]
    sender = threading.Thread(target=send)
    sender.start()
    got = [client.wait(task, 5) for task in tasks]
    sender.join()
    assert got == [Ended(bool(at % 2), {"message": "é" * 60, "n": at, "task": ids[at]}) for at in range(4)]
    client.close()
    theirs.close()
