"""What one user or address may ask for, and that nobody else pays for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown.errors import SettingsError
from renown.gateway.admission.limits import Addresses, Buckets, Limiter, Turned
from renown.gateway.options import ConnectionLimits


def test_a_burst_and_then_the_rate() -> None:
    buckets = Buckets(rate=2.0, burst=3)
    assert [buckets.take("a", 0.0) for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a", 0.0) == pytest.approx(0.5)
    assert buckets.take("a", 0.25) == pytest.approx(0.25)
    assert buckets.take("a", 0.5) == 0
    assert buckets.take("b", 0.5) == 0
    assert [buckets.take("a", 1e9) for _ in range(4)].count(0) == 3


def test_no_rate_is_no_limit_and_no_table() -> None:
    buckets = Buckets(rate=0.0, burst=1)
    assert all(buckets.take("a", 0.0) == 0 for _ in range(1000))
    assert len(buckets) == 0


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0, 5)), max_size=300))
def test_the_table_is_bounded_and_never_lets_through_more_than_promised(
    knocks: list[tuple[int, float]],
) -> None:
    buckets, now, let = Buckets(rate=1.0, burst=2, kept=64), 0.0, dict[int, int]()
    for who, later in knocks:
        now += later
        if not buckets.take(str(who), now):
            let[who] = let.get(who, 0) + 1
        assert len(buckets) <= 64
    assert all(count <= 2 + now + 1e-6 for count in let.values())


def test_many_addresses_do_not_make_the_table_grow() -> None:
    buckets = Buckets(rate=1.0, burst=1, kept=100)
    for number in range(10_000):
        buckets.take(str(number), float(number))
    assert len(buckets) == 100


def test_a_flood_from_one_address_costs_its_neighbours_nothing() -> None:
    limiter = Limiter(
        ConnectionLimits(handshakes_per_address=1, handshake_burst_per_address=5, handshakes=20)
    )
    turned = [limiter.knock("10.0.0.1", 0.0) for _ in range(10_000)]
    assert turned.count(None) == 5
    assert turned[-1] == Turned(429, 1, "too many handshakes from this address")
    assert [limiter.knock(f"10.0.1.{n}", 0.0) for n in range(100)] == [None] * 100


def test_all_together_are_asked_to_come_later() -> None:
    limiter = Limiter(ConnectionLimits(handshakes=0.1, handshake_burst=2))
    assert [limiter.knock(f"10.0.0.{n}", 0.0) for n in range(3)] == [
        None,
        None,
        Turned(503, 10, "too many handshakes"),
    ]


def test_connections_of_an_address() -> None:
    limiter = Limiter(ConnectionLimits(per_address=2))
    for _ in range(2):
        assert limiter.knock("10.0.0.1", 0.0) is None
        limiter.arrived("10.0.0.1")
    turned = limiter.knock("10.0.0.1", 0.0)
    assert turned is not None
    assert turned.status == 429
    assert limiter.knock("10.0.0.2", 0.0) is None
    limiter.gone("10.0.0.1")
    assert limiter.knock("10.0.0.1", 0.0) is None


def test_connections_of_a_user() -> None:
    limiter = Limiter(ConnectionLimits(per_user=1))
    assert not limiter.crowded("ana")
    for user in ("ana", "ana", "", ""):
        limiter.known(user, 1)
    assert limiter.crowded("ana")
    assert not limiter.crowded("bo")
    assert not limiter.crowded("")
    limiter.known("ana", -1)
    assert limiter.crowded("ana")
    limiter.known("ana", -1)
    assert not limiter.crowded("ana")


def test_by_default_nothing_is_limited() -> None:
    limiter = Limiter(ConnectionLimits())
    for _ in range(1000):
        assert limiter.knock("10.0.0.1", 0.0) is None
        limiter.arrived("10.0.0.1")
        limiter.known("ana", 1)
    assert not limiter.crowded("ana")


@pytest.mark.parametrize(
    "peer, forwarded, counted",
    [
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("10.1.1.1", "1.2.3.4", "1.2.3.4"),
        ("10.1.1.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("10.1.1.1", "1.2.3.4, 10.9.9.9", "1.2.3.4"),
        ("10.1.1.1", "1.2.3.4:5678", "1.2.3.4"),
        ("::ffff:10.1.1.1", "[2001:db8:1:2:3::4]:99", "2001:db8:1:2::/64"),
        ("10.1.1.1", "made up", "10.1.1.1"),
        ("10.1.1.1", "", "10.1.1.1"),
        ("::ffff:192.0.2.1", "", "192.0.2.1"),
        ("2001:db8::1", "", "2001:db8::/64"),
        ("unix", "", "unix"),
    ],
)
def test_whom_a_connection_counts_for(peer: str, forwarded: str, counted: str) -> None:
    assert Addresses(("10.0.0.0/8",)).of(peer, {"x-forwarded-for": forwarded}) == counted


def test_without_proxies_nobody_is_believed() -> None:
    assert Addresses(()).of("10.1.1.1", {"x-forwarded-for": "1.2.3.4"}) == "10.1.1.1"
    with pytest.raises(SettingsError) as wrong:
        Addresses(("example.org",))
    assert wrong.value.field == "gateway.limits.proxies"
