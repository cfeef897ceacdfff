"""The simulated marketplace: what happens in it, event by event. Pure: time comes in, chance is seeded."""

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Final

from renown.model import Event, instant
from renown.server.demo_people import MEMBERS, PRODUCTS, SELLERS, TRADERS, Seller

__all__ = ["DAYS", "Marketplace"]

DAYS: Final = 150.0
"""Length of the recorded history."""
_PER_DAY: Final = 40.0
_ASPECTS: Final = ("quality", "communication", "delivery", "accuracy", "value")
_KINDS: Final = ("seller", "product", "trader", "member")
_SHARES: Final = (50, 18, 17, 15)


class Marketplace:
    """Makes events for a given time, the same ones for the same seed and times."""

    def __init__(self, seed: int, opened: float, run: str = "") -> None:
        """Open the marketplace.

        Args:
            seed: Another number, another course of things.
            opened: When its recorded history begins, in POSIX seconds.
            run: What tells the ids of this run from those of others.

        """
        self._chance = Random(seed)  # noqa: S311 (a simulation)
        self._opened = opened
        self._prefix = f"demo{run}"
        self._number = 0
        self._recent: deque[Event] = deque(maxlen=60)
        self._burst: deque[Seller] = deque()

    def history(self) -> Iterator[Event]:
        """Yield the events of all the days before the live part, in order of time."""
        at = self._opened
        end = self._opened + DAYS * 86_400
        while (at := at + self._chance.expovariate(_PER_DAY / 86_400)) < end:
            yield self.event(at)

    def event(self, at: float) -> Event:
        """Return what happens at `at`, in POSIX seconds."""
        event = self._retraction(at) if self._recent and self._chance.random() < 0.012 else self._new(at)
        if event.type == "review" and event.subject.startswith("seller:"):
            self._recent.append(event)
        return event

    def _new(self, at: float) -> Event:
        if self._burst:
            return self._review(self._burst.popleft(), at, stars=5 if self._chance.random() < 0.93 else 4)
        if self._chance.random() < 0.002:
            lucky = self._chance.choice(SELLERS)
            self._burst.extend([lucky] * self._chance.randint(8, 16))
        match self._chance.choices(_KINDS, _SHARES)[0]:
            case "product":
                return self._product(self._pick(PRODUCTS), at)
            case "trader":
                return self._rating(self._pick(TRADERS), at)
            case "member":
                return self._vote(self._pick(MEMBERS), at)
            case _:
                return self._sale(self._pick(SELLERS), at)

    def _pick(self, people: tuple[Seller, ...]) -> Seller:
        return self._chance.choices(people, [one.popularity for one in people])[0]

    def _progress(self, at: float) -> float:
        return (at - self._opened) / (DAYS * 86_400)

    def _stars(self, mean: float) -> int:
        return round(min(5.0, max(1.0, self._chance.gauss(mean, 0.75))))

    def _sale(self, seller: Seller, at: float) -> Event:
        deserved = seller.deserves(self._progress(at), at, 4)
        trouble = (4.6 - deserved) * 0.06
        chance = self._chance.random()
        if chance < trouble:
            return self._make("late_shipment", f"seller:{seller.id}", at, ref=self._order())
        if chance < trouble * 1.4:
            return self._make("not_as_described", f"seller:{seller.id}", at, ref=self._order())
        if chance > 0.96:
            return self._make("fast_reply", f"seller:{seller.id}", at)
        return self._review(seller, at)

    def _review(self, seller: Seller, at: float, stars: int | None = None) -> Event:
        mean = seller.deserves(self._progress(at), at, 4) if stars is None else float(stars)
        categories: dict[str, float] | None = None
        if self._chance.random() < 0.55:
            categories = {
                name: self._stars(mean - (1.1 if name == seller.weakness else 0.0)) for name in _ASPECTS
            }
        return self._make(
            "review",
            f"seller:{seller.id}",
            at,
            actor=self._buyer(),
            ref=self._order(),
            value=self._stars(mean) if stars is None else stars,
            categories=categories,
        )

    def _product(self, product: Seller, at: float) -> Event:
        mean = product.deserves(self._progress(at), at, 4)
        return self._make(
            "review",
            f"product:{product.id}",
            at,
            actor=self._buyer(),
            value=self._stars(mean),
            data={"verified": self._chance.random() < 0.8},
        )

    def _rating(self, trader: Seller, at: float) -> Event:
        mean = trader.deserves(self._progress(at), at, 10)
        value = round(min(10.0, max(-10.0, self._chance.gauss(mean, 2.2)))) or 1
        return self._make("rating", f"trader:{trader.id}", at, actor=self._rater(trader), value=value)

    def _rater(self, trader: Seller) -> str:
        if self._chance.random() < 0.35:
            return f"trader:visitor-{self._chance.randint(1, 60):02d}"
        return f"trader:{self._pick(tuple(other for other in TRADERS if other is not trader)).id}"

    def _vote(self, member: Seller, at: float) -> Event:
        liked = self._chance.random() < member.deserves(self._progress(at), at, 0.5)
        chance = self._chance.random()
        type_ = "accepted" if liked and chance < 0.18 else "upvote" if liked else "downvote"
        if chance > 0.985:
            type_ = "edit_approved"
        ref = f"post:{member.id}-{self._chance.randint(1, 4_000)}"
        return self._make(type_, f"member:{member.id}", at, actor=self._buyer("member"), ref=ref)

    def _retraction(self, at: float) -> Event:
        target = self._recent[self._chance.randrange(len(self._recent))]
        self._recent.remove(target)
        if self._chance.random() < 0.4:
            return self._make("retract", target.subject, at, actor=target.actor, ref=target.id)
        kinder = min(5.0, (target.value or 3.0) + 1)
        return self._make("amend", target.subject, at, actor=target.actor, ref=target.id, value=kinder)

    def _buyer(self, kind: str = "buyer") -> str:
        return f"{kind}:{self._chance.randint(1, 9_000):04d}"

    def _order(self) -> str:
        return f"order:{self._chance.randint(100_000, 999_999)}"

    def _make(
        self,
        type_: str,
        subject: str,
        at: float,
        *,
        actor: str | None = None,
        ref: str | None = None,
        value: float | None = None,
        categories: dict[str, float] | None = None,
        data: dict[str, bool] | None = None,
    ) -> Event:
        self._number += 1
        return Event(
            type=type_,
            subject=subject,
            id=f"{self._prefix}-{self._number:06d}",
            actor=actor,
            value=value,
            categories=categories,
            ref=ref,
            occurred_at=instant(at),
            data=data,
        )
