"""Who lives in the simulated marketplace, and how each of them changes over time."""

import math
from typing import Final, Literal

import msgspec

__all__ = ["MEMBERS", "PRODUCTS", "SELLERS", "TRADERS", "Course", "Seller"]

Course = Literal["steady", "rising", "falling", "shaky"]


class Seller(msgspec.Struct, frozen=True):
    """Somebody with a reputation to win or lose."""

    id: str
    quality: float
    """What they deserve on average, in stars (or points of -10 to +10 for traders)."""
    popularity: float = 1.0
    """How often they are rated, relative to others."""
    course: Course = "steady"
    weakness: str | None = None
    """The aspect in which they are worse than in the rest."""

    def deserves(self, progress: float, seconds: float, span: float) -> float:
        """Return the quality that buyers meet.

        Args:
            progress: 0 at the beginning of the recorded history, 1 at its end, more while it runs on.
            seconds: Time, for the small ups and downs that everybody has.
            span: Width of the scale.

        """
        swing = 0.04 * math.sin(seconds / 97 + len(self.id)) * span
        turn = min(max(progress, 0.0), 1.3)
        match self.course:
            case "rising":
                return self.quality + (0.45 * turn - 0.3) * span + swing
            case "falling":
                return self.quality - (0.55 * turn * turn) * span + swing
            case "shaky":
                return self.quality + 0.18 * math.sin(progress * 21) * span + swing
            case "steady":
                return self.quality + swing


SELLERS: Final = (
    Seller("blue-heron-books", 4.7, 1.4),
    Seller("north-star-tools", 4.5, 1.2),
    Seller("rocket-records", 4.2, 1.6, "rising"),
    Seller("bargain-bazaar", 4.6, 1.7, "falling", "delivery"),
    Seller("juniper-tea-house", 4.8, 0.9),
    Seller("copper-kettle", 4.3, 0.8, weakness="value"),
    Seller("paper-lantern", 4.4, 0.7, "shaky"),
    Seller("old-mill-bikes", 4.1, 1.0, weakness="communication"),
    Seller("fern-and-stone", 4.6, 0.6),
    Seller("night-owl-electronics", 3.7, 1.5, "shaky", "accuracy"),
    Seller("harbour-ceramics", 4.5, 0.5),
    Seller("quick-pixel-prints", 3.4, 1.1, weakness="quality"),
    Seller("maple-lane-toys", 4.0, 0.9),
    Seller("desert-rose-rugs", 3.9, 0.4, "rising"),
)
PRODUCTS: Final = (
    Seller("walnut-desk-lamp", 4.6, 1.2),
    Seller("trail-backpack-40l", 4.4, 1.5),
    Seller("cast-iron-pan", 4.8, 1.3),
    Seller("wireless-earbuds-x2", 3.2, 1.8, "falling"),
    Seller("merino-socks", 4.3, 1.0),
    Seller("pocket-telescope", 3.8, 0.7, "rising"),
    Seller("linen-notebook", 4.5, 0.8),
    Seller("smart-kettle-pro", 3.6, 1.1, "shaky"),
    Seller("garden-shears", 4.1, 0.6),
    Seller("folding-chair", 3.9, 0.9),
)
TRADERS: Final = (
    Seller("ada", 6.0, 1.3),
    Seller("bartholomew", 3.5),
    Seller("cleo", 5.0, 1.2, "rising"),
    Seller("dmitri", 2.5, 0.8),
    Seller("esperanza", 7.0, 1.1),
    Seller("fergus", 4.0, 1.0, "falling"),
    Seller("giulia", 5.5, 0.9),
    Seller("hiroshi", 4.5, 1.0),
    Seller("ingrid", 3.0, 0.7, "shaky"),
    Seller("jamal", 5.0, 1.1),
    Seller("kestrel", -1.0, 0.8),
    Seller("lucia", 6.5, 0.9),
)
MEMBERS: Final = (
    Seller("amelie", 0.9, 1.8),
    Seller("bruno", 0.75, 1.0),
    Seller("chidi", 0.85, 1.4),
    Seller("daria", 0.95, 0.9),
    Seller("eamon", 0.6, 0.8, "shaky"),
    Seller("fatima", 0.9, 1.5, "rising"),
    Seller("goran", 0.4, 0.7, "falling"),
    Seller("hana", 0.8, 1.1),
    Seller("ivo", 0.7, 0.6),
    Seller("jonna", 0.85, 1.2),
)
