"""What every bus promises, asked of each; and what the one of processes does with dead ones."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from renown.bus.bus import Bus
from renown.bus.ipc import IpcBus
from renown.bus.memory import MemoryBus, MemoryNetwork
from renown.model import Update

Open = Callable[[], Awaitable[tuple[Bus, "Ears"]]]
IN_ORDER = 5_000


class Ears:
    """Remembers all that is heard, and waits for what is to come."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.nodes: set[str] = set()
        self.departed: list[str] = []
        self.leads = 0
        self._moved = asyncio.Event()

    def heard(self, sender: str, message: bytes) -> None:
        self.messages.append((sender, message))
        self._moved.set()

    def came(self, node: str) -> None:
        assert node not in self.nodes
        self.nodes.add(node)
        self._moved.set()

    def left(self, node: str) -> None:
        self.nodes.remove(node)
        self.departed.append(node)
        self._moved.set()

    def leading(self) -> None:
        self.leads += 1
        self._moved.set()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                self._moved.clear()
                await self._moved.wait()


@pytest.fixture(params=["memory", "ipc"])
async def join(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Return what makes one more node."""
    network = MemoryNetwork()
    async with AsyncExitStack() as stack:

        async def joining() -> tuple[Bus, Ears]:
            bus: Bus = MemoryBus(network) if request.param == "memory" else IpcBus(tmp_path / "bus")
            ears = Ears()
            await bus.start(ears)
            stack.push_async_callback(bus.stop)
            return bus, ears

        yield joining


def update(number: int) -> Update:
    return Update("seller:42", number, number, b"{}", ())


async def test_updates_reach_the_listeners_of_the_process_in_order(join: Open) -> None:
    bus, _ = await join()
    heard: list[int] = []
    deaf = bus.listen(lambda updates: heard.extend(each.version for each in updates))
    bus.publish([update(1), update(2)])
    bus.publish([update(3)])
    deaf()
    bus.publish([update(4)])
    assert heard == [1, 2, 3]


async def test_a_node_that_is_alone_leads_and_speaks_to_nobody(join: Open) -> None:
    bus, ears = await join()
    assert bus.leads
    assert ears.leads == 1
    assert list(bus.nodes) == []
    bus.send(b"hello")
    bus.send(b"hello", bus.node)
    bus.send(b"hello", "nobody")
    assert ears.messages == []


async def test_nodes_find_each_other_and_one_leads(join: Open) -> None:
    nodes = [await join() for _ in range(4)]
    names = {bus.node for bus, _ in nodes}
    assert len(names) == 4
    for bus, ears in nodes:
        await ears.until(lambda bus=bus, ears=ears: ears.nodes == names - {bus.node})
        assert set(bus.nodes) == ears.nodes
    assert [bus.leads for bus, _ in nodes] == [True, False, False, False]
    assert [ears.leads for _, ears in nodes] == [1, 0, 0, 0]


async def test_a_message_goes_to_all_others_or_to_one(join: Open) -> None:
    (one, at_one), (two, at_two), (three, at_three) = [await join() for _ in range(3)]
    for ears in (at_one, at_two, at_three):
        await ears.until(lambda ears=ears: len(ears.nodes) == 2)
    one.send(b"to all")
    two.send(b"\x00\xff to three", three.node)
    one.send(b"last", two.node)
    one.send(b"last", three.node)
    for ears in (at_two, at_three):
        await ears.until(lambda ears=ears: (one.node, b"last") in ears.messages)
    await at_three.until(lambda: len(at_three.messages) == 3)
    assert at_two.messages == [(one.node, b"to all"), (one.node, b"last")]
    assert sorted(at_three.messages) == sorted(
        [(one.node, b"to all"), (one.node, b"last"), (two.node, b"\x00\xff to three")]
    )
    assert at_one.messages == []


async def test_a_node_can_be_sent_to_from_the_moment_it_came(join: Open) -> None:
    """Whoever hears of it first sends first: before its sockets are all there."""
    bus, ears = await join()
    for number in range(5):
        other, at_other = await join()
        other.send(b"from me", bus.node)
        await ears.until(lambda number=number: len(ears.messages) == number + 1)
        assert ears.messages[-1] == (other.node, b"from me")
        bus.send(b"to you", other.node)
        await at_other.until(lambda at=at_other: at.messages)


async def test_many_and_large_messages_arrive(join: Open) -> None:
    (one, at_one), (two, at_two) = await join(), await join()
    await at_one.until(lambda: at_one.nodes)
    large = os.urandom(3_000_000)
    for number in range(IN_ORDER):
        one.send(number.to_bytes(4, "big"), two.node)
    one.send(large, two.node)
    await at_two.until(lambda: len(at_two.messages) == IN_ORDER + 1)
    assert {message for _, message in at_two.messages[:-1]} == {n.to_bytes(4, "big") for n in range(IN_ORDER)}
    assert at_two.messages[-1][1] == large


async def test_who_leaves_is_missed_and_another_one_leads(join: Open) -> None:
    (one, _), (two, at_two), (three, at_three) = [await join() for _ in range(3)]
    for ears in (at_two, at_three):
        await ears.until(lambda ears=ears: len(ears.nodes) == 2)
    await one.stop()
    for ears in (at_two, at_three):
        await ears.until(lambda ears=ears: ears.departed == [one.node])
    await asyncio.wait(
        [asyncio.ensure_future(ears.until(lambda ears=ears: ears.leads)) for ears in (at_two, at_three)],
        return_when=asyncio.FIRST_COMPLETED,
    )
    assert sorted((two.leads, three.leads)) == [False, True]
    assert at_two.leads + at_three.leads == 1
    two.send(b"nobody is there", one.node)
    two.send(b"still here", three.node)
    await at_three.until(lambda: (two.node, b"still here") in at_three.messages)
    await one.stop()


async def test_who_comes_back_is_somebody_else(join: Open) -> None:
    one, ears = await join()
    two, _ = await join()
    await ears.until(lambda: ears.nodes == {two.node})
    await two.stop()
    await ears.until(lambda: not ears.nodes)
    again, _ = await join()
    await ears.until(lambda: ears.nodes == {again.node})
    assert len({one.node, two.node, again.node}) == 3


# Processes

STAYS = """
import asyncio, sys
from pathlib import Path
from renown.bus.ipc import IpcBus

class Ears:
    def heard(self, sender, message):
        bus.send(b"echo " + message, sender)
    def came(self, node):
        pass
    def left(self, node):
        pass
    def leading(self):
        pass

async def main():
    global bus
    bus = IpcBus(Path(sys.argv[1]))
    await bus.start(Ears())
    print(bus.node, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


class Other:
    """A node in a process of its own, which says back whatever it hears."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", STAYS, str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.node = self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


Start = Callable[[], Other]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder whose path is short enough for sockets."""
    with TemporaryDirectory(dir="/tmp") as short:
        yield Path(short) / "bus"


@pytest.fixture
def other(folder: Path) -> Iterator[Start]:
    """Return what starts another process, which ends with the test."""
    started: list[Other] = []

    def start() -> Other:
        started.append(Other(folder))
        return started[-1]

    yield start
    for each in started:
        each.end()


@pytest.fixture
async def ipc(folder: Path) -> AsyncIterator[tuple[IpcBus, Ears]]:
    bus, ears = IpcBus(folder), Ears()
    await bus.start(ears)
    yield bus, ears
    await bus.stop()


async def test_a_killed_process_is_missed_and_cleared_up_after(
    ipc: tuple[IpcBus, Ears], other: Start, folder: Path
) -> None:
    bus, ears = ipc
    doomed = other()
    await ears.until(lambda: doomed.node in ears.nodes)
    bus.send(b"1", doomed.node)
    await ears.until(lambda: ears.messages == [(doomed.node, b"echo 1")])
    files = set(os.listdir(folder))
    assert {f"{doomed.node}.node", f"{doomed.node}.ipc"} <= files
    doomed.end()
    await ears.until(lambda: ears.departed == [doomed.node])
    files = set(os.listdir(folder))
    assert files == {f"{bus.node}.node", f"{bus.node}.ipc", "leader"}


async def test_the_leader_dies_and_another_leads(other: Start, folder: Path) -> None:
    leader = other()
    bus, ears = IpcBus(folder), Ears()
    await bus.start(ears)
    try:
        assert ears.nodes == {leader.node}
        assert not bus.leads
        leader.end()
        await ears.until(lambda: ears.leads)
        assert bus.leads
    finally:
        await bus.stop()


async def test_only_the_owner_may_come_near(ipc: tuple[IpcBus, Ears], folder: Path) -> None:
    assert ipc[0].leads
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in os.scandir(folder)} == {0o600}


STRANGER = """
import os, socket, sys
os.setgid(65534)
os.setuid(65534)
for path in sys.argv[1:]:
    with socket.socket(socket.AF_UNIX) as stranger:
        try:
            stranger.connect(path)
        except PermissionError:
            print("refused")
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
async def test_somebody_else_cannot_connect(ipc: tuple[IpcBus, Ears], folder: Path) -> None:
    """Neither by the folder nor, were that open, by the socket itself."""
    os.chmod(folder.parent, 0o755)
    path = str(folder / f"{ipc[0].node}.ipc")
    for mode in (0o700, 0o755):
        os.chmod(folder, mode)
        told = await asyncio.create_subprocess_exec(
            sys.executable, "-S", "-c", STRANGER, path, stdout=subprocess.PIPE
        )
        assert (await told.communicate())[0] == b"refused\n"


async def test_a_deep_folder_has_its_sockets_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-name"] * 6)
    deep.mkdir(parents=True)
    one, two = IpcBus(deep / "bus"), IpcBus(deep / "bus")
    at_one, at_two = Ears(), Ears()
    await one.start(at_one)
    await two.start(at_two)
    try:
        await at_one.until(lambda: at_one.nodes)
        one.send(b"far away", two.node)
        await at_two.until(lambda: at_two.messages == [(one.node, b"far away")])
        assert not list((deep / "bus").glob("*.ipc"))
    finally:
        await one.stop()
        await two.stop()


async def test_who_cannot_use_the_folder_is_alone(tmp_path: Path) -> None:
    (tmp_path / "bus").write_text("a file")
    bus, ears = IpcBus(tmp_path / "bus"), Ears()
    await bus.start(ears)
    assert bus.leads
    assert ears.leads == 1
    bus.send(b"hello")
    await bus.stop()


async def test_a_process_that_only_sleeps_is_not_taken_for_dead(
    ipc: tuple[IpcBus, Ears], other: Start
) -> None:
    """What is sent to it meanwhile it hears when it wakes."""
    bus, ears = ipc
    sleeper = other()
    await ears.until(lambda: sleeper.node in ears.nodes)
    sleeper.process.send_signal(signal.SIGSTOP)
    another = other()
    await ears.until(lambda: another.node in ears.nodes)
    another.end()
    bus.send(b"good morning", sleeper.node)
    await ears.until(lambda: ears.departed == [another.node])
    sleeper.process.send_signal(signal.SIGCONT)
    await ears.until(lambda: (sleeper.node, b"echo good morning") in ears.messages)
