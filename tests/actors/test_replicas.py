"""Several actors with one model: real vLLM, twice, with the small MemoryFormer."""

import time
from functools import partial
from pathlib import Path

import pytest
import ray

from actors.cluster import Remote
from actors.language_model import Replica, open_model, start, wait_for
from actors.local_engine import EngineSettings
from actors.model_port import Generation
from actors.replicas import Replicas
from actors.shared_model import Usage
from domain import OutsideError, Prompt

pytestmark = pytest.mark.timeout(900)

SETTINGS = EngineSettings(name="memoryformer_small", context=512, batch=4, chat_template=False)
LEMMA = Prompt("", "", "Theorem add_0_r : forall n : nat, n + 0 = n.\nProof.\n")


def test_what_a_replica_that_dies_was_asked_is_answered_by_another(ray_cluster: None) -> None:
    actor = Replica.options(num_cpus=0)
    handles = [actor.remote(partial(open_model, SETTINGS), largest=SETTINGS.batch) for _ in range(2)]
    engine = Replicas(handles)
    assert engine.start_cost().cpu_seconds > 0
    before = engine.generate([LEMMA] * 16, max_tokens=8, temperature=0.0, seed=0)
    assert len({answer.text for answer in before}) == 1, "greedy answers of all replicas are one"
    usage: list[Usage] = ray.get([handle.usage.remote() for handle in handles])
    assert [one.prompts for one in usage] == [8, 8]
    assert engine.cpu_seconds() > 0

    under_way = [engine.submit(Generation(LEMMA, 256, 1.0, seed)) for seed in range(16)]
    ray.kill(handles[0], no_restart=False)
    answers = [answer.result() for answer in under_way]
    assert all(answer.tokens_out > 0 for answer in answers)
    while engine.away:
        time.sleep(0.2)
    engine.generate([LEMMA] * 4, max_tokens=2, temperature=0.0, seed=0)
    after: list[Usage] = ray.get([handle.usage.remote() for handle in handles])
    assert after[0].prompts == 2, "it is back and asked again"
    engine.close()


@pytest.mark.acceptance
def test_several_replicas_are_one_model(ray_cluster: None) -> None:
    starting = start(SETTINGS, replicas=2)
    model = Remote(wait_for(starting))
    assert model.describe().name == "memoryformer_small"
    answers = model.generate([LEMMA] * 12, max_tokens=32, temperature=1.0, seed=0)
    assert model.usage().most_at_once == 12 > SETTINGS.batch
    assert len({answer.text for answer in answers}) > 1
    ray.kill(model.handle, no_restart=False)
    assert model.generate([LEMMA], max_tokens=8, temperature=0.0, seed=0)[0].tokens_out == 8, "it finds them again"
    model.close()


def test_a_model_that_no_replica_can_load_is_one_line(ray_cluster: None, tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match=r"^the model did not start: .*nowhere: no such folder"):
        wait_for(start(EngineSettings(path=tmp_path / "nowhere"), replicas=2))
