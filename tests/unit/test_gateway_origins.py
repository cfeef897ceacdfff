"""The rule about origins that WebSockets and HTTP share."""

import pytest

from renown.gateway.admission.origins import OriginRule, is_loopback_host


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "shop.localhost",
        "shop.localhost.:80",
        "127.0.0.1",
        "127.9.8.7:65535",
        "[::1]",
        "[::1]:8000",
        "::1",
    ],
)
def test_a_loopback_name_is_known_with_and_without_its_port(host: str) -> None:
    assert is_loopback_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "notlocalhost",
        "127.0.0.1.evil.example",
        "0.0.0.0",
        "10.0.0.1:80",
        "[::2]:80",
        "[::1",
        "[::1]evil.example",
        "user@localhost.example",
        "localhost:80:80",
    ],
)
def test_any_other_name_is_not_this_machine(host: str) -> None:
    assert not is_loopback_host(host)


def test_in_dev_mode_a_foreign_name_is_not_served_even_to_its_own_page() -> None:
    rule = OriginRule([], dev=True)

    assert rule.serves("localhost:8000")
    assert not rule.serves("evil.example:8000")
    assert not rule.allows("http://evil.example:8000", "evil.example:8000")


def test_outside_of_dev_mode_any_name_is_served_and_its_own_page_allowed() -> None:
    rule = OriginRule(["https://*.shop.example"], dev=False)

    assert rule.serves("renown.example")
    assert rule.allows("https://renown.example", "renown.example")
    assert rule.allows("https://a.shop.example", "renown.example")
    assert not rule.allows("https://evil.example", "renown.example")
