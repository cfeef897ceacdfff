"""A product with a quiet past, and what bombs it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.running import RunningServer

__all__ = ["bomb", "quiet_past", "standing"]


def _review(subject: str, number: int, value: int, **more: Any) -> dict[str, Any]:
    return {
        "type": "review",
        "subject": subject,
        "id": f"{subject}-{number}",
        "actor": f"buyer:{number}",
        "value": value,
        **more,
    }


def _post(server: RunningServer, events: list[dict[str, Any]]) -> list[str]:
    answers = httpx.post(f"{server.url}/v1/events", json=events, timeout=30).json()
    assert {each["status"] for each in answers} <= {"applied", "held"}, answers
    return [each["id"] for each in answers if each["status"] == "held"]


def quiet_past(server: RunningServer, subject: str, reviews: int = 60) -> None:
    """Post two months of good reviews."""
    now = datetime.now(UTC)
    days = [(number, (now - timedelta(days=62 - number)).isoformat()) for number in range(reviews)]
    _post(server, [_review(subject, number, 4 + number % 2, occurred_at=day) for number, day in days])


def bomb(server: RunningServer, subject: str, first: int, reviews: int) -> list[str]:
    """Post one-star reviews of unverified buyers, numbered from `first`; the ids of those held."""
    return _post(server, [_review(subject, 1000 + first + number, 1) for number in range(reviews)])


def standing(server: RunningServer, subject: str) -> dict[str, Any]:
    """The standing, as anybody may read it."""
    return httpx.get(f"{server.url}/v1/standings/{subject}", timeout=30).json()
