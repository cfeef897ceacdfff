from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Standing(_message.Message):
    __slots__ = ("subject", "version", "score", "low", "high", "count", "categories", "tier", "badges", "status", "provisional", "updated_at", "cause", "held", "status_until")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    BADGES_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PROVISIONAL_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    STATUS_UNTIL_FIELD_NUMBER: _ClassVar[int]
    subject: str
    version: int
    score: float
    low: float
    high: float
    count: int
    categories: _containers.RepeatedCompositeFieldContainer[Category]
    tier: str
    badges: _containers.RepeatedScalarFieldContainer[str]
    status: str
    provisional: bool
    updated_at: int
    cause: Cause
    held: int
    status_until: int
    def __init__(self, subject: _Optional[str] = ..., version: _Optional[int] = ..., score: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., count: _Optional[int] = ..., categories: _Optional[_Iterable[_Union[Category, _Mapping]]] = ..., tier: _Optional[str] = ..., badges: _Optional[_Iterable[str]] = ..., status: _Optional[str] = ..., provisional: _Optional[bool] = ..., updated_at: _Optional[int] = ..., cause: _Optional[_Union[Cause, _Mapping]] = ..., held: _Optional[int] = ..., status_until: _Optional[int] = ...) -> None: ...

class Category(_message.Message):
    __slots__ = ("name", "score", "count")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    score: float
    count: int
    def __init__(self, name: _Optional[str] = ..., score: _Optional[float] = ..., count: _Optional[int] = ...) -> None: ...

class Cause(_message.Message):
    __slots__ = ("type", "delta")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    type: str
    delta: float
    def __init__(self, type: _Optional[str] = ..., delta: _Optional[float] = ...) -> None: ...
