"""A batch that is done with is gone at once: its rows do not wait for the garbage collector."""

import gc
import weakref
from pathlib import Path

from renown.ledger.timing.tick import Tick
from renown.ledger.writing.access import Within
from renown.ledger.writing.batch import Batch
from renown.ledger.writing.cache import Cache
from renown.model import Event
from renown.policy import Policies
from renown.stores import SqliteStore


def test_nothing_holds_a_batch_that_is_stored(tmp_path: Path) -> None:
    cache = Cache(Policies.presets())
    writer = SqliteStore.open(tmp_path).writer()
    told = [Event("review", "seller:1", id=f"r{n}", actor=f"buyer:{n}", value=2.0) for n in range(20)]
    back = Event("retract", "seller:1", id="back", ref="r3")
    gc.disable()
    try:
        before: Batch | None = None
        for events in (told, [back, told[0]]):
            writer.begin()
            batch = Batch(cache, events, before)
            batch.run(Within(writer)).store(writer)
            writer.commit()
            found = weakref.ref(batch)
            before, batch = batch, None
        assert before is not None
        before = None
        assert found() is None
        writer.begin()
        tick = Tick(cache)
        tick.run(Within(writer)).store(writer)
        writer.commit()
        found = weakref.ref(tick)
        del tick
        assert found() is None
    finally:
        gc.enable()
        writer.close()
