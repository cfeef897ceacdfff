"""The C programs of the benches count right: against each other, over real sockets."""

import hashlib
import shutil
import socket
from base64 import b64encode
from pathlib import Path

import pytest

from bench.child import Child, free_port
from bench.floors import echo_times
from bench.loadgen import LoadGenerator, Subscriber
from bench.machine import cores
from bench.native import build
from bench.poster import post, review

pytestmark = pytest.mark.skipif(
    shutil.which("cc") is None or len(cores().load) < 1, reason="needs a C compiler and two cores"
)


def test_load_generator_counts_every_frame_of_the_send_loop():
    port, layout = free_port(), cores()
    with Child([build("sendloop"), str(port), "150"]) as server:
        assert server.hear()["event"] == "listening"
        load = LoadGenerator(port, 50, Subscriber(), layout.load)
        before = load.look()
        told = server.ask("go 0.1")
        assert told["subscribers"] == 50
        after = load.look()
        while after["frames"] < told["rounds"] * 50:
            after = load.look()
        load.stop()

    counts = LoadGenerator.between(before, after)
    assert counts.frames == counts.messages == told["rounds"] * 50 > 0
    assert counts.bytes == counts.frames * 154
    assert 0 < counts.p50_ms <= counts.p99_ms
    assert counts.closed == 0


@pytest.mark.parametrize("key", ["dGhlIHNhbXBsZSBub25jZQ==", "x" * 22, "y" * 64])
def test_send_loop_answers_the_handshake_as_the_rfc_says(key: str):
    port = free_port()
    with Child([build("sendloop"), str(port), "150"]) as server:
        server.hear()
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.sendall(f"GET / HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
            answer = link.recv(4096).decode()

    digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
    assert answer.startswith("HTTP/1.1 101 ")
    assert f"Sec-WebSocket-Accept: {b64encode(digest).decode()}\r\n" in answer


def test_echo_gives_back_what_was_sent():
    assert echo_times(cores().server, rate=200, seconds=0.1).count == 20


@pytest.mark.parametrize("mode,connections", [("single", 8), ("stream", 1), ("stream", 3)])
def test_poster_counts_one_answer_per_event(mode: str, connections: int):
    port = free_port()
    with Child([build("nullhttp"), str(port)]) as server:
        server.hear()
        how = {"mode": mode, "connections": connections, "seconds": 30, "events": 5000}
        posted = post(port, review("run"), cores().driver, **how)

    assert posted.sent == posted.applied == 5000
    assert posted.rejected == posted.failed == 0


def test_paced_posts_are_recorded_at_their_instants(tmp_path: Path):
    port, record = free_port(), tmp_path / "posts.txt"
    with Child([build("nullhttp"), str(port)]) as server:
        server.hear()
        posted = post(
            port, review("run"), cores().driver, connections=4, seconds=0.5, rate=100, record=record
        )

    lines = [tuple(map(int, line.split())) for line in record.read_text().splitlines()]
    assert [number for number, _, _ in sorted(lines)] == list(range(posted.sent))
    assert posted.sent == 50
    assert all(posted.started + n * 10_000_000 <= sent <= answered for n, sent, answered in lines)
