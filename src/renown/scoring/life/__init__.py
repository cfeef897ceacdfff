"""Life: what a subject carries besides its score: tier, badges, status and alerts. Pure and replayable."""

from renown.scoring.life.making_up import as_judged, made_up, unjudged
from renown.scoring.life.progress import Need, Progress, TierStep, progress
from renown.scoring.life.state import Alarm, Calm, Life, Moment, Turned
from renown.scoring.life.turning import begin_life, decode_life, ease, encode_life, has_life, look, turn

__all__ = [
    "Alarm",
    "Calm",
    "Life",
    "Moment",
    "Need",
    "Progress",
    "TierStep",
    "Turned",
    "as_judged",
    "begin_life",
    "decode_life",
    "ease",
    "encode_life",
    "has_life",
    "look",
    "made_up",
    "progress",
    "turn",
    "unjudged",
]
