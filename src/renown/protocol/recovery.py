"""What a subscribe result says about a position: the rules of recovery."""

import msgspec

from renown.protocol.effects import Log, Newest, Position
from renown.protocol.replies import Publication, SubscribeResult

__all__ = ["newest_result", "stream_result"]


def newest_result(state: Newest, recover: Position | None) -> SubscribeResult:
    """Give the newest publication unless the client holds that very one.

    An empty channel is recovered only for a client that had nothing either.
    """
    known = recover is not None and (recover.epoch, recover.offset) == (state.epoch, state.offset)
    pubs = () if known or not state.offset or not state.data else (_newest(state),)
    return SubscribeResult(
        recoverable=True,
        positioned=True,
        epoch=state.epoch,
        offset=state.offset,
        publications=pubs,
        was_recovering=recover is not None,
        recovered=recover is not None and (state.offset > 0 or _nothing_missed(state, recover)),
    )


def _newest(state: Newest) -> Publication:
    return state.publication or Publication(msgspec.Raw(state.data), offset=state.offset)


def _nothing_missed(state: Newest, recover: Position) -> bool:
    return recover.offset == 0 and recover.epoch in ("", state.epoch)


def stream_result(log: Log, recover: Position | None) -> SubscribeResult:
    """Give all that was missed, or say that it cannot be had.

    After a recovery the offset is the one the client came with: it advances with the publications.
    """
    if recover is None:
        return SubscribeResult(recoverable=True, positioned=True, epoch=log.epoch, offset=log.top)
    recovered = _is_complete(log, recover)
    return SubscribeResult(
        recoverable=True,
        positioned=True,
        epoch=log.epoch,
        offset=recover.offset if recovered else log.top,
        publications=log.publications if recovered else (),
        was_recovering=True,
        recovered=recovered,
    )


def _is_complete(log: Log, recover: Position) -> bool:
    if recover.epoch not in ("", log.epoch):
        return False
    if log.skipped:
        return len(log.publications) + log.skipped == log.top - recover.offset
    if not log.publications:
        return log.top == recover.offset
    offsets = [publication.offset for publication in log.publications]
    return offsets == list(range(recover.offset + 1, log.top + 1))
