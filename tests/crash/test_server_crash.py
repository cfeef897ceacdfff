"""`kill -9` in the middle of load: every acknowledged event is there, none is there by half."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random

import httpx
import pytest

from tests.running import RunningServer

ROUNDS = 20
WORKERS = 6
SUBJECTS = 12


class Load:
    """Posts events from several threads until told to stop; remembers what was acknowledged."""

    def __init__(self, url: str, round_: int) -> None:
        self.acknowledged: dict[str, tuple[str, int]] = {}
        self._url = url
        self._round = round_
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(worker,)) for worker in range(WORKERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_until_busy(self) -> None:
        while len(self.acknowledged) < 100:
            time.sleep(0.005)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, worker: int) -> None:
        number = 0
        with httpx.Client(base_url=self._url, timeout=10) as client:
            while not self._stop.is_set():
                try:
                    number += (
                        self._array(client, worker, number)
                        if worker == 0
                        else self._one(client, worker, number)
                    )
                except httpx.TransportError:
                    return

    def _event(self, worker: int, number: int) -> dict[str, object]:
        return {
            "id": f"crash-{self._round}-{worker}-{number}",
            "type": "review",
            "subject": f"seller:{(worker + number) % SUBJECTS}",
            "actor": f"buyer:{number % 7}",
            "ref": f"order:{number % 50}",
            "value": 1 + number % 5,
        }

    def _one(self, client: httpx.Client, worker: int, number: int) -> int:
        answer = client.post("/v1/events", json=self._event(worker, number)).json()
        self._remember([answer])
        return 1

    def _array(self, client: httpx.Client, worker: int, number: int) -> int:
        events = [self._event(worker, number + n) for n in range(20)]
        self._remember(client.post("/v1/events", json=events).json())
        return len(events)

    def _remember(self, answers: list[dict[str, object]]) -> None:
        for answer in answers:
            assert answer["status"] == "applied", answer
            self.acknowledged[str(answer["id"])] = (str(answer["subject"]), int(str(answer["version"])))


def _events(url: str, subject: str) -> dict[str, int]:
    """Return the version of every event that the server has of a subject; they may have no gap."""
    versions: dict[str, int] = {}
    before: int | None = None
    while True:
        query = {"limit": 500} | ({} if before is None else {"before": before})
        page = httpx.get(f"{url}/v1/standings/{subject}/events", params=query, timeout=30).json()
        versions |= {record["event"]["id"]: record["version"] for record in page["events"]}
        before = page["before"]
        if before is None:
            break
    newest = httpx.get(f"{url}/v1/standings/{subject}", timeout=30).json()["version"]
    assert sorted(versions.values()) == list(range(1, newest + 1))
    return versions


@pytest.mark.timeout(300)
def test_twenty_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance = Random(20)
    acknowledged: dict[str, tuple[str, int]] = {}
    server = RunningServer(tmp_path)
    for round_ in range(ROUNDS):
        server.start()
        load = Load(server.url, round_)
        load.start()
        load.wait_until_busy()
        time.sleep(chance.uniform(0.0, 0.3))
        server.kill()
        load.stop()
        assert load.acknowledged
        acknowledged |= load.acknowledged
    with server:
        found = {f"seller:{n}": _events(server.url, f"seller:{n}") for n in range(SUBJECTS)}
        for id_, (subject, version) in acknowledged.items():
            assert found[subject].get(id_) == version
        again = httpx.post(
            f"{server.url}/v1/events",
            json={"id": next(iter(acknowledged)), "type": "review", "subject": "seller:0", "value": 2},
        )
        assert again.status_code == 409
    check = subprocess.run(
        [sys.executable, "-m", "renown.cli", "rebuild", "--check", "--json", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout[-2_000:] + check.stderr[-2_000:]
    report = json.loads(check.stdout)
    assert report["events"] == sum(len(versions) for versions in found.values())
    assert report["differences"] == []
