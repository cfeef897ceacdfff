"""Connects: how many clients a second one core lets in, each with a token of its own and one subscription.

The load generator keeps a fixed number of handshakes under way on each of its cores. Every client brings a
JWT (HS256) for another user, so each is verified, and each user's own channel is subscribed besides the one
asked for.
"""

import base64
import hashlib
import hmac
import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.loadgen import LoadGenerator, Subscriber
from bench.machine import cores, cpu_seconds
from bench.native import OUT
from bench.options import Options
from bench.renown_server import RenownServer, subscriber
from bench.report import Goal, Report, Table

__all__ = ["run", "token"]

SECRET = "the-secret-of-a-server-that-is-only-measured"
CLIENTS, AT_ONCE, WATCHERS = 4000, 64, 10
GOAL = 1500
ANONYMOUS = "without a token"


def token(user: str, secret: str, expires: int) -> str:
    """A connection token for `user`, signed with HS256 (RFC 7519), good until `expires` (POSIX seconds)."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": user, "exp": expires})
    signed = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_encoded(mac)}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class _Turn:
    rate: float
    """Clients per second, from the first SYN to the last subscription."""
    cpu_us: float
    """The server's CPU per client."""
    core: float
    busiest: float


def _with_token() -> Subscriber:
    plain = subscriber("standing:seller:{g}")
    assert plain.hello
    hello = plain.hello.replace('"connect":{}', '"connect":{"token":"{l}"}')
    return Subscriber(**{**asdict(plain), "hello": hello})


def _turn(server: RenownServer, kind: Subscriber, lines: Path | None) -> _Turn:
    cpu = cpu_seconds(*server.pids)
    load = LoadGenerator(
        server.port, CLIENTS, kind, cores().load, group=WATCHERS, nap_us=0, lines=lines, at_once=AT_ONCE
    )
    cpu = cpu_seconds(*server.pids) - cpu
    seconds = (load.first["t"] - load.first["began"]) / 1e9
    busiest = max(load.first["cpu"]) / 1e9 / seconds
    load.stop()
    time.sleep(1.0)
    return _Turn(CLIENTS / seconds, cpu * 1e6 / CLIENTS, cpu / seconds, busiest)


def run(options: Options) -> Report:
    """Measure with tokens and without, in turn."""
    report = Report("connects", "Connects")
    tokens = OUT / "tokens.txt"
    until = int(time.time()) + 3600
    tokens.write_text("".join(f"{token(f'user-{n}', SECRET, until)}\n" for n in range(CLIENTS)))
    kinds = {
        "with a JWT (HS256)": (_with_token(), tokens),
        ANONYMOUS: (subscriber("standing:seller:{g}"), None),
    }
    turns: dict[str, list[_Turn]] = {name: [] for name in kinds}
    config = f'[tokens]\nsecret = "{SECRET}"\n'
    with RenownServer("connects", cores=[cores().server], config=config) as server:
        for _ in range(min(options.rounds, 4) + 1):
            for name, (kind, lines) in kinds.items():
                turns[name].append(_turn(server, kind, lines))
    rows = list[tuple[str, ...]]()
    for name, made in turns.items():
        # The first turn finds nothing imported or warm; servers are restarted rarely.
        kept = made[1:]
        rate = statistics.median(turn.rate for turn in kept)
        rows.append(
            (
                name,
                f"{rate:,.0f}",
                f"{min(turn.rate for turn in kept):,.0f}–{max(turn.rate for turn in kept):,.0f}",
                f"{statistics.median(turn.cpu_us for turn in kept):.0f}",
                f"{statistics.median(turn.core for turn in kept):.0%}",
                f"{statistics.median(turn.busiest for turn in kept):.0%}",
            )
        )
        if name != ANONYMOUS:
            report.goals.append(Goal(f"Connect and subscribe {name}", rate, GOAL, "/s", at_most=False))
    report.tables.append(
        Table(
            f"{CLIENTS:,} clients connect and subscribe, {AT_ONCE * len(cores().load)} at a time",
            ("", "clients/s", "range", "server CPU µs each", "server core", "load's busiest core"),
            rows,
        )
    )
    report.notes.append(
        "`renown serve --dev` on one core; handshake, connect and subscribe in one flight. With a token the "
        "server subscribes the user's own channel, too, which is durable."
    )
    report.raw = {name: [asdict(turn) for turn in made] for name, made in turns.items()}
    return report
