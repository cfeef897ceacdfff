"""How events come in: decoded, counted, handed to the ledger, answered."""

from renown.intake.decode import (
    DECODING_ERRORS,
    Limits,
    NumberedAnswer,
    decode_array,
    decode_event,
    is_array,
    merge,
    rejected,
)
from renown.intake.lines import LineSplitter
from renown.intake.problems import MalformedError, TooLargeError, problem_of
from renown.intake.spool import Spool
from renown.intake.stream import Appender, EventStream

__all__ = [
    "DECODING_ERRORS",
    "Appender",
    "EventStream",
    "Limits",
    "LineSplitter",
    "MalformedError",
    "NumberedAnswer",
    "Spool",
    "TooLargeError",
    "decode_array",
    "decode_event",
    "is_array",
    "merge",
    "problem_of",
    "rejected",
]
