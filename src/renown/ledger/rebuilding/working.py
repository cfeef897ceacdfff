"""What one process does of a rebuild: task by task, each of some subjects or of a kind."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from typing import Final

import msgspec

from renown.errors import LedgerError
from renown.ledger.rebuilding.comparing import Compared, compare, is_still, write_replay
from renown.ledger.rebuilding.kinds import compare_kind
from renown.ledger.rebuilding.report import MOST_DIFFERENCES, Difference
from renown.ledger.rebuilding.rules import Rules
from renown.policy import Policies
from renown.stores import Reader, Store, Writer

__all__ = ["Outcome", "Task", "Tell", "transaction", "work_on"]

_TRIES: Final = 3
"""How often a subject is folded anew while nobody has to wait, before all others have to."""
_PATIENCE: Final = 12
"""How often to wait for the ledger, ten seconds each."""

Tell = Callable[[int, int], None]
"""Told how many events and subjects more are done."""


class Task(msgspec.Struct, frozen=True):
    """Some subjects, or else a kind's counts and running means."""

    subjects: Sequence[str] = ()
    kind: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What came of a task."""

    differences: Sequence[Difference]
    behind: int = 0
    refused: int = 0


def work_on(store: Store, policies: Policies, task: Task, tell: Tell, *, check: bool) -> Outcome:
    """Compare what a task names, and unless `check` write anew what differs.

    Raises:
        LedgerError: the file failed, or others held it for two minutes.

    """
    rules = Rules(policies)
    if task.kind:
        return Outcome(_kind(store, rules, task.kind, tell, check=check))
    if check:
        with store.reader() as reader:
            done = [_look(reader, rules, key, tell) for key in task.subjects]
    else:
        with closing(store.writer()) as writer:
            done = _write(writer, rules, task.subjects, tell)
    differences = [each for compared in done for each in compared.differences]
    behind, refused = sum(each.behind for each in done), sum(each.refused for each in done)
    return Outcome(differences[:MOST_DIFFERENCES], behind, refused)


def _look(reader: Reader, rules: Rules, key: str, tell: Tell, *, to_write: bool = False) -> Compared:
    with reader.snapshot():
        compared = compare(reader, rules, key, lambda events: tell(events, 0), to_write=to_write)
    if not (to_write and compared.differences):
        # What was made of it is needed no more, and may be large.
        compared.made = None
    tell(0, 1)
    return compared


def _write(writer: Writer, rules: Rules, keys: Sequence[str], tell: Tell) -> list[Compared]:
    """Compare subjects, and write in one transaction what differs.

    They are folded before it, so that others wait for no more than the writing; one to which something has
    happened in between is folded once more.
    """
    done = {key: _look(writer, rules, key, tell, to_write=True) for key in keys}
    again = [key for key, compared in done.items() if compared.made is not None]
    for last in (False,) * (_TRIES - 1) + (True,):
        if not again:
            break
        with transaction(writer):
            changed = [key for key in again if not is_still(writer, done[key])]
            if last:
                done |= {key: compare(writer, rules, key, _untold, to_write=True) for key in changed}
                changed = []
            for key in again:
                made = done[key].made
                if key not in changed and made is not None and done[key].differences:
                    write_replay(writer, made)
                    done[key].made = None
        for key in changed:
            done[key] = _look(writer, rules, key, lambda _, __: None, to_write=True)
        again = [key for key in changed if done[key].made is not None]
    return list(done.values())


def _untold(_: int) -> None: ...


def _kind(store: Store, rules: Rules, kind: str, tell: Tell, *, check: bool) -> Sequence[Difference]:
    with store.reader() as reader, reader.snapshot():
        differences, _ = compare_kind(reader, rules, kind, lambda events: tell(events, 0))
    if differences and not check:
        with closing(store.writer()) as writer, transaction(writer):
            differences, expected = compare_kind(writer, rules, kind, _untold)
            writer.put_kinds([] if expected is None else [expected])
    return differences


@contextmanager
def transaction(writer: Writer) -> Generator[None]:
    """Hold a transaction, once it is to be had.

    Raises:
        LedgerError: `ledger_busy`, when others hold the ledger for two minutes.

    """
    for patience in range(_PATIENCE, 0, -1):
        try:
            writer.begin()
            break
        except LedgerError as error:
            if error.problem_code != "ledger_busy" or patience == 1:
                raise
    try:
        yield
        writer.commit()
    finally:
        writer.rollback()
