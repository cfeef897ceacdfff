"""What the benches about loss and return make of what they saw."""

import time

from bench.connects import SECRET, token
from bench.drain import read_returns
from bench.jitter import Got, in_order
from bench.servers.cutting import schedule
from renown.gateway.admission.tokens import Tokens
from renown.gateway.options import TokenOptions


def test_publications_count_once_and_in_order():
    assert in_order([1, 2, 3]) == (3, 0)
    assert in_order([1, 3, 4]) == (3, 0)
    assert in_order([1, 2, 2, 1, 3]) == (3, 2)
    assert in_order([]) == (0, 0)


def test_clients_without_a_stream_count_for_standings_alone():
    clients = [
        {"stream": [1, 2, 3], "subject": "a", "version": 7},
        {"stream": [1, 3, 3], "subject": "b", "version": 4},
        {"subject": "a", "version": 7},
    ]

    got = Got.of(clients, 3, {"a": 7, "b": 5})

    assert (got.clients, got.newest) == (3, 2)
    assert (got.expected, got.good, got.wrong, got.whole) == (6, 5, 1, 1)
    assert got.row("x") == ("x", "3", "66.7%", "83.333%", "1", "1", "1")


def test_returns_are_read_from_what_happened_to_connections():
    lines = [
        '900000000 1 ready {"version":1}',
        "1000000000 1 closed 3001",
        "1100000000 2 lost ",
        "1200000000 1 refused HTTP/1.1 503",
        '1300000000 1 ready {"version":1}',
        '1400000000 1 said {"pub":{"version":2}}',
        '1500000000 2 ready {"version":2}',
        '1600000000 2 said {"version":3}',
    ]

    found = read_returns((line + "\n" for line in lines), 1.0, 2)

    assert found.codes == {"3001": 1, "lost": 1}
    assert found.closed == [1.0, 1.1]
    assert found.subscribed == [1.3, 1.5]
    assert found.newest == [1.4, 1.5]
    assert found.refused == 1


def test_the_tokens_of_the_connects_are_good():
    said = token("user-1", SECRET, int(time.time()) + 60)

    assert Tokens(TokenOptions(secret=SECRET)).connection(said).user == "user-1"


def test_each_client_is_cut_off_at_its_own_moments_which_repeat():
    moments = [[schedule(7, client).random() for _ in range(3)] for client in (0, 0, 1)]

    assert moments[0] == moments[1] != moments[2]
