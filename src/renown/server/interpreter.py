"""Sets the interpreter up for a server: a busy loop, a writer thread, and very many long-lived objects."""

import gc
import sys

__all__ = ["prepare_interpreter"]

_SWITCH_SECONDS = 0.0005
_YOUNG_OBJECTS = 50_000


def prepare_interpreter() -> None:
    """Share the interpreter fairly between threads, and spare the garbage collector what lives for ever.

    A thread that comes back from SQLite waits up to the switch interval for whoever runs meanwhile; with
    the default of 5 ms, storing a batch beside folding the next one took longer than one after the other.
    Events and standings hold no cycles, so the collector need not look at them often, and never again at
    what was imported.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 100)
