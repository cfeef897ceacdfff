"""Two servers on one file: whoever comes over from the other one never finds less than it holds."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from renown.ledger import Ledger, LedgerOptions
from renown.model import Event
from renown.policy import Policies
from tests.conformance.conftest import Serve
from tests.conformance.raw import Raw

SUBJECT = "seller:42"


@pytest.mark.parametrize("prefix", ["standing", "activity", "feed", "board"])
async def test_a_channel_loaded_here_knows_what_was_committed_there(
    served: Serve, ledger: Ledger, tmp_path: Path, prefix: str
) -> None:
    """`ledger` serves, and looks by itself only every 0.2 s; the other one commits."""
    channel = f"{prefix}:seller" if prefix in ("feed", "board") else f"{prefix}:{SUBJECT}"
    other = Ledger.open(tmp_path / "data", Policies.presets(), LedgerOptions())
    async with AsyncExitStack() as stack:
        stack.push_async_callback(other.close)
        await other.start()
        first = [Event("review", SUBJECT, value=4.0, actor=f"buyer:{n}") for n in range(20)]
        await other.append(first)
        server = await stack.enter_async_context(served())
        watcher = await stack.enter_async_context(Raw.open(server.url))
        await watcher.hello()
        known = (await watcher.subscribe(channel))["offset"]
        client = await stack.enter_async_context(Raw.open(server.url))
        await client.hello()
        for number in range(30):
            value = float(1 + number % 5)
            answers = await other.append([Event("review", SUBJECT, value=value, actor=f"buyer:late{number}")])
            held = answers[0].version
            assert held is not None
            recover = {"recover": True, "epoch": ledger.id, "offset": held} if number % 2 else {}
            result = await client.subscribe(channel, number * 2 + 2, **recover)
            assert result["offset"] >= held > known, (number, result)
            if recover:
                assert result["recovered"]
                newest = result.get("publications", [])
                assert all(pub["offset"] >= held for pub in newest)
            await client.ask({"id": number * 2 + 3, "unsubscribe": {"channel": channel}})


async def test_what_was_missed_across_processes_is_recovered_without_a_hole(
    served: Serve, ledger: Ledger, tmp_path: Path
) -> None:
    """The watcher of the loaded stream gets every event once, too."""
    other = Ledger.open(tmp_path / "data", Policies.presets())
    async with AsyncExitStack() as stack:
        stack.push_async_callback(other.close)
        await other.start()
        server = await stack.enter_async_context(served())
        watcher = await stack.enter_async_context(Raw.open(server.url))
        await watcher.hello()
        await watcher.subscribe(f"activity:{SUBJECT}")
        client = await stack.enter_async_context(Raw.open(server.url))
        await client.hello()
        await other.append([Event("review", SUBJECT, value=4.0) for _ in range(5)])
        recover = {"recover": True, "epoch": ledger.id, "offset": 2}
        result = await client.subscribe(f"activity:{SUBJECT}", **recover)
        assert result["recovered"]
        assert [pub["offset"] for pub in result["publications"]] == [3, 4, 5]
        await other.append([Event("review", SUBJECT, value=4.0)])
        assert (await client.publication())["offset"] == 6
        assert [(await watcher.publication())["offset"] for _ in range(6)] == [1, 2, 3, 4, 5, 6]
