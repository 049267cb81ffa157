"""The language model: vLLM in a Ray actor, and a client of vLLM's own server, both with the model that set-up installs.

One engine is shared by the tests of the actor and one server by those of the client, since each takes long to start.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import ray

from actors.cluster import Remote
from actors.endpoint import EndpointSettings, OpenAIEndpoint
from actors.language_model import start, wait_for
from actors.local_engine import EngineSettings, LocalEngine
from actors.model_files import model_folder
from actors.shared_model import SharedModel
from domain import Completion, OutsideError, Prompt
from tests.actors.servers import exported, free_port, unsteady_server

pytestmark = pytest.mark.timeout(900)
"""Two engines start side by side; on a busy machine that takes minutes."""

HELLO = Prompt("You are brief.", "Name three colours.")
COUNTING = Prompt("", "Go on counting: one, two, three, four,", "five,")


class Server(NamedTuple):
    address: str
    process: subprocess.Popen[bytes]
    log: Path


@pytest.fixture(scope="module")
def starting_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """vLLM's own server, as a process of its own; it starts while the actor does."""
    port, log = free_port(), tmp_path_factory.mktemp("server") / "log"
    options = ["--model", str(model_folder(None)), "--host", "127.0.0.1", "--port", str(port), "--api-key", "secret"]
    engine = ["--enforce-eager", "--max-model-len", "512", "--max-num-seqs", "4", "--served-model-name", "smol"]
    environment = os.environ | {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
    }
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *options, *engine],
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Server(f"http://127.0.0.1:{port}/v1", process, log)
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def server(starting_server: Server) -> str:
    """The server's address, once it answers."""
    health = starting_server.address.removesuffix("/v1") + "/health"
    for _ in range(600):
        assert starting_server.process.poll() is None, starting_server.log.read_text()[-2000:]
        try:
            if httpx.get(health, timeout=2).is_success:
                return starting_server.address
        except httpx.HTTPError:
            time.sleep(1)
    pytest.fail(f"the server did not start: {starting_server.log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def model(ray_cluster: None, starting_server: Server) -> Iterator[Remote]:
    remote = Remote(wait_for(start(EngineSettings(context=512, batch=8))))
    yield remote
    remote.close()
    ray.kill(remote.handle)


def test_every_prompt_is_answered_in_order(model: Remote) -> None:
    prompts = [Prompt("", f"Say {word}.", f"{word} ") for word in ("red", "blue", "green")]
    answers = model.generate(prompts, max_tokens=8, temperature=0.0, seed=0)
    assert [answer.text.split()[0] for answer in answers] == ["red", "blue", "green"]
    assert all(answer.tokens_in > 0 and 0 < answer.tokens_out <= 8 for answer in answers)


def test_prompts_and_tokens_are_exported_for_prometheus(model: Remote) -> None:
    before = model.usage()
    names = ["ray_lemmary_prompts_total finish=", "ray_lemmary_tokens_total direction=", "ray_lemmary_answer_seconds"]
    [answer] = model.generate([HELLO], max_tokens=2, temperature=0.0, seed=0)
    assert before.tokens_out + answer.tokens_out == model.usage().tokens_out
    wanted = {f'{names[0]}"{answer.finish}"', f'{names[1]}"in"', f'{names[1]}"out"', f"{names[2]}_count "}
    assert exported(wanted)[f'{names[1]}"out"'] >= answer.tokens_out


def test_the_same_seed_gives_the_same_answers_and_another_one_others(model: Remote) -> None:
    def ask(seed: int) -> list[str]:
        answers = model.generate([HELLO] * 4, max_tokens=24, temperature=1.0, seed=seed)
        return [answer.text for answer in answers]

    first = ask(7)
    assert first == ask(7)
    assert first != ask(1000)
    assert len(set(first)) > 1, "equal prompts of one call have seeds of their own"


def test_greedy_answers_do_not_depend_on_the_seed(model: Remote) -> None:
    one, other = (model.generate([COUNTING], max_tokens=12, temperature=0.0, seed=seed) for seed in (1, 2))
    assert one == other


def test_an_answer_begins_with_the_opening_and_ends_at_a_stop_string(model: Remote) -> None:
    (answer,) = model.generate([COUNTING], max_tokens=40, temperature=0.0, seed=0, stop=("eight",))
    assert answer.text.startswith("five,")
    assert "six" in answer.text
    assert "eight" not in answer.text
    assert answer.finish == "stop"


def test_a_prompt_that_does_not_fit_is_not_answered_and_its_neighbours_are(model: Remote) -> None:
    long, short = model.generate([Prompt("", "word " * 600), HELLO], max_tokens=8, temperature=0.0, seed=0)
    assert (long.finish, long.text, long.tokens_out) == ("too_long", "", 0)
    assert long.tokens_in > 512
    assert short.tokens_out == 8


def test_prompts_of_several_workers_are_under_way_at_once(model: Remote) -> None:
    before = model.usage()
    calls = [model.handle.generate.remote([HELLO] * 2, max_tokens=8, temperature=0.7, seed=seed) for seed in range(4)]
    answers = ray.get(calls)
    after = model.usage()
    assert [len(answer) for answer in answers] == [2] * 4
    assert after.prompts - before.prompts == 8
    assert after.most_at_once > 2
    assert after.tokens_out - before.tokens_out == sum(a.tokens_out for answer in answers for a in answer)


def test_a_short_answer_does_not_wait_for_long_ones_that_began_before(model: Remote) -> None:
    long = model.handle.generate.remote([HELLO] * 4, max_tokens=200, temperature=1.0, seed=0)
    short = model.handle.generate.remote([COUNTING], max_tokens=1, temperature=0.0, seed=0)
    assert ray.wait([long, short])[0] == [short]
    assert sum(answer.tokens_out for answer in ray.get(long)) > 40


def test_no_more_tokens_are_generated_than_were_allowed(model: Remote) -> None:
    model.allow(20)
    answers = model.generate([HELLO] * 3, max_tokens=16, temperature=1.0, seed=0)
    later = model.generate([HELLO], max_tokens=16, temperature=1.0, seed=0)
    model.allow(None)
    assert sum(answer.tokens_out for answer in [*answers, *later]) <= 20
    assert answers[-1].finish == "budget"
    assert model.usage().refused >= 1
    assert model.generate([HELLO], max_tokens=4, temperature=0.0, seed=0)[0].tokens_out == 4


def test_the_card_names_the_weights_and_the_start_is_counted_apart(model: Remote) -> None:
    card = model.describe()
    assert card.name == "SmolLM2-135M-Instruct"
    assert card.kind == "vllm"
    assert "weights" in card.version
    assert model.start_cost().cpu_seconds > 0
    before = model.cpu_seconds()
    model.generate([HELLO], max_tokens=16, temperature=0.0, seed=0)
    assert model.cpu_seconds() > before


def test_a_missing_model_is_one_line_on_the_other_side_of_ray(ray_cluster: None, tmp_path: Path) -> None:
    with pytest.raises(OutsideError) as caught:
        wait_for(start(EngineSettings(path=tmp_path / "nowhere")))
    assert str(caught.value) == (
        f"the model did not start: {tmp_path / 'nowhere'}: no such folder; "
        "set model.path to the folder of a Hugging Face model"
    )


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(OutsideError, match=r"no config\.json with"):
        LocalEngine(EngineSettings(path=tmp_path))


def test_a_cache_that_memory_cannot_hold_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(OutsideError, match=r"needs 100000\.3 GiB .* lower model\.kv_cache_gib"):
        LocalEngine(EngineSettings(kv_cache_gib=100_000))


# ------------------------------------------------------------------------------------------------------- the endpoint


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEMMARY_TEST_KEY", "secret")


def settings(address: str, *, chat: bool = False, model: str = "smol", retries: int = 1) -> EndpointSettings:
    return EndpointSettings(
        address, model, "LEMMARY_TEST_KEY", chat=chat, retries=retries, concurrency=4, pause_seconds=0.01
    )


@pytest.mark.parametrize("chat", [False, True])
def test_an_endpoint_answers_in_order_with_seeds_and_token_counts(server: str, key: None, chat: bool) -> None:
    endpoint = OpenAIEndpoint(settings(server, chat=chat))
    # One at a time: requests that come together are sampled in batches whose shape depends on when they arrive.
    first, second = (
        [endpoint.generate([HELLO], max_tokens=8, temperature=1.0, seed=seed)[0] for seed in range(8)] for _ in "ab"
    )
    assert [answer.text for answer in first] == [answer.text for answer in second]
    assert len({answer.text for answer in first}) > 1
    together = endpoint.generate([HELLO] * 4, max_tokens=8, temperature=1.0, seed=3)
    assert len({answer.text for answer in together}) > 1
    assert all(answer.tokens_in > 0 and 0 < answer.tokens_out <= 8 for answer in (*first, *together))
    assert endpoint.describe().kind == "endpoint"
    endpoint.close()


def test_an_endpoint_continues_the_opening_and_stops_at_a_stop_string(server: str, key: None) -> None:
    endpoint = OpenAIEndpoint(settings(server))
    (answer,) = endpoint.generate([COUNTING], max_tokens=40, temperature=0.0, seed=0, stop=("nine",))
    assert answer.text.startswith("five,")
    assert "nine" not in answer.text
    endpoint.close()


def test_a_prompt_beyond_the_endpoints_context_is_too_long(server: str, key: None) -> None:
    endpoint = OpenAIEndpoint(settings(server))
    (answer,) = endpoint.generate([Prompt("", "word " * 600)], max_tokens=8, temperature=0.0, seed=0)
    assert answer.finish == "too_long"
    endpoint.close()


def test_a_refused_key_names_its_variable(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEMMARY_TEST_KEY", "wrong")
    with pytest.raises(OutsideError, match=r"HTTP 401.*environment variable LEMMARY_TEST_KEY") as caught:
        OpenAIEndpoint(settings(server))
    assert "wrong" not in str(caught.value)


def test_a_model_that_the_server_lacks_is_named_with_those_it_has(server: str, key: None) -> None:
    with pytest.raises(OutsideError, match=r"no model named 'large' \(it has: smol\); set model.name"):
        OpenAIEndpoint(settings(server, model="large"))


def test_an_actor_that_cannot_use_an_endpoint_says_so_on_the_other_side_of_ray(ray_cluster: None, server: str) -> None:
    with pytest.raises(OutsideError, match=r"HTTP 401.*LEMMARY_UNSET\?$"):
        wait_for(start(EndpointSettings(server, "smol", "LEMMARY_UNSET", chat=False)))


def test_callers_of_a_shared_endpoint_get_their_own_answers(server: str, key: None) -> None:
    async def ask() -> list[list[Completion]]:
        model = SharedModel(partial(OpenAIEndpoint, settings(server)), largest=4)
        calls = (model.generate([COUNTING] * n, max_tokens=n, temperature=0.0, seed=0) for n in (1, 2, 3))
        answers = await asyncio.gather(*calls)
        await model.close()
        return answers

    answers = asyncio.run(ask())
    assert [[answer.tokens_out for answer in call] for call in answers] == [[1], [2, 2], [3, 3, 3]]


def test_every_caller_hears_that_the_endpoint_has_gone() -> None:
    async def ask() -> list[list[Completion] | BaseException]:
        with unsteady_server(failures=[]) as address:
            model = SharedModel(partial(OpenAIEndpoint, settings(address, retries=0)), largest=4)
            await model.start()
        calls = (model.generate([HELLO], max_tokens=1, temperature=0.0, seed=0) for _ in range(3))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        await model.close()
        return answers

    assert all(isinstance(answer, OutsideError) for answer in asyncio.run(ask()))


def test_an_address_without_a_server_is_one_line() -> None:
    port = free_port()
    with pytest.raises(OutsideError, match=rf"http://127.0.0.1:{port}/v1/models: no answer .*model.base_url"):
        OpenAIEndpoint(settings(f"http://127.0.0.1:{port}/v1"))


def test_what_passes_is_tried_again_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with unsteady_server(failures=[503, 429, None]) as address:
        endpoint = OpenAIEndpoint(settings(address, retries=3))
        endpoint.close()
    tries = [record.getMessage() for record in caplog.records if record.name == "actors.endpoint"]
    assert [message.split(":")[3].split(";")[0].strip() for message in tries][:2] == ["HTTP 503", "HTTP 429"]
    assert len(tries) == 3


def test_what_does_not_pass_is_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    with unsteady_server(failures=[418, 503]) as address, pytest.raises(OutsideError, match="HTTP 418"):
        OpenAIEndpoint(settings(address, retries=3))
    assert not [record for record in caplog.records if record.name == "actors.endpoint"]


def test_tries_come_to_an_end() -> None:
    with unsteady_server(failures=[503] * 3) as address, pytest.raises(OutsideError, match="HTTP 503"):
        OpenAIEndpoint(settings(address, retries=2))
