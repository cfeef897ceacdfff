"""Life: what a subject carries besides its score: tier, badges, status and alerts. Pure and replayable."""

from renown.scoring.life.state import Alarm, Calm, Life, Moment, Turned
from renown.scoring.life.turning import begin_life, decode_life, encode_life, has_life, turn

__all__ = [
    "Alarm",
    "Calm",
    "Life",
    "Moment",
    "Turned",
    "begin_life",
    "decode_life",
    "encode_life",
    "has_life",
    "turn",
]
