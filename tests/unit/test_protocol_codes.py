"""The closed tables: numbers, words, and who comes back."""

import json

import pytest

from renown.protocol.codes import (
    DISCONNECTS,
    ERRORS,
    UNSUBSCRIBES,
    Disconnect,
    Error,
    Unsubscribed,
    disconnect,
)


def table(source: type, kind: type) -> list:
    return [value for value in vars(source).values() if isinstance(value, kind)]


def test_errors() -> None:
    errors: list[Error] = table(ERRORS, Error)
    assert {error.code for error in errors} == set(range(100, 114))
    assert {error.code for error in errors if error.temporary} == {100, 103, 109, 111, 113}
    assert all(error.message for error in errors)


def test_disconnects_say_by_their_number_who_comes_back() -> None:
    disconnects: list[Disconnect] = table(DISCONNECTS, Disconnect)
    back = {3000, 3001, 3004, 3005, 3006, 3008, 3009, 3010, 3011, 3012, 3013, 3014}
    assert {d.code for d in disconnects if d.reconnects} == back
    assert {d.code for d in disconnects if not d.reconnects} == set(range(3500, 3510))


@pytest.mark.parametrize("code, reconnects", [(3499, True), (3500, False), (3999, False), (4000, True),
                                              (4499, True), (4500, False), (4999, False)])  # fmt: skip
def test_ranges(code: int, reconnects: bool) -> None:
    assert Disconnect(code, "x").reconnects is reconnects


def test_reasons_fit_a_close_frame_and_are_no_json() -> None:
    """An official client takes a reason that is JSON for advice of an older protocol."""
    for d in table(DISCONNECTS, Disconnect):
        assert 0 < len(d.reason.encode()) <= 123
        with pytest.raises(json.JSONDecodeError):
            json.loads(d.reason)


def test_unsubscribes() -> None:
    unsubscribes: list[Unsubscribed] = table(UNSUBSCRIBES, Unsubscribed)
    assert {u.code: u.resubscribes for u in unsubscribes} == {2000: False, 2500: True, 2501: True, 2502: True}
    assert all(u.reason for u in unsubscribes)


@pytest.mark.parametrize(
    "reason, said",
    [
        ("moved house", "moved house"),
        ("", "disconnected"),
        ("123", "disconnected: 123"),
        ("true", "disconnected: true"),
        ('{"reconnect":true}', 'disconnected: {"reconnect":true}'),
        ("é" * 120, "é" * 61),
        ("x" * 122 + "é", "x" * 122),
        ("1" * 200, "disconnected: " + "1" * 109),
        ('"half \ud83d', '"half ?'),
    ],
)
def test_reasons_of_backends_fit_into_a_close_frame_and_are_text(reason: str, said: str) -> None:
    assert disconnect(4500, reason) == Disconnect(4500, said)
