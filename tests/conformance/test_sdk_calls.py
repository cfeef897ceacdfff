"""Calls of the official JavaScript client: what is read and submitted with the rights of who is connected."""

from collections.abc import Iterator

import pytest

from tests.conformance.conftest import Connect
from tests.conformance.raw import Raw
from tests.conformance.site import BOTH, Site, open_site, token

SUBMIT = {"rights": {"submit": ["review@seller:*"]}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("calls")) as running:
        yield running


@BOTH
async def test_standings_and_their_explanations(connect: Connect, site: Site, protocol: str) -> None:
    subject = f"seller:{protocol}"
    for value in (5.0, 3.0):
        site.rate(subject, value)
    js = await connect(site.websocket, protocol)
    await js.do("rpc", method="standing.get", data={"subject": subject})
    standing = (await js.next("result"))["data"]
    assert standing == site.ask("GET", f"/v1/standings/{subject}")
    await js.do("rpc", method="standing.explain", data={"subject": subject, "limit": 1})
    page = (await js.next("result"))["data"]
    assert page["subject"] == subject
    assert len(page["lines"]) == 1
    await js.do("rpc", method="standing.get", data={"subject": "seller:nobody"})
    assert (await js.next("refused"))["code"] == 404
    await js.do("rpc", method="standing.get", data={"subject": 5})
    assert (await js.next("refused"))["code"] in (400, 422)


@BOTH
async def test_who_may_submit_is_the_actor_of_what_they_submit(
    connect: Connect, site: Site, protocol: str
) -> None:
    subject, user = f"seller:from-{protocol}", f"buyer:{protocol}"
    js = await connect(site.websocket, protocol, token=token(user, claims=SUBMIT))
    await js.subscribe(f"standing:{subject}")
    event = {"id": f"first-{protocol}", "type": "review", "subject": subject, "value": 4}
    await js.do("rpc", method="event.submit", data=event)
    came = {seen["event"]: seen["data"] for seen in [await js.next(), await js.next()]}
    assert came["result"]["status"] == "applied"
    assert came["publication"]["version"] == 1
    await js.do("rpc", method="event.submit", data=event)
    assert (await js.next("result"))["data"]["status"] == "duplicate"
    (row,) = site.ask("GET", f"/v1/standings/{subject}/events")["events"]
    assert row["event"]["actor"] == user
    await js.do("rpc", method="event.submit", data=event | {"id": "other", "actor": "buyer:somebody"})
    assert (await js.next("refused"))["code"] == 403
    await js.do("rpc", method="event.submit", data=event | {"id": "other", "subject": "restaurant:1"})
    assert (await js.next("refused"))["code"] in (403, 422)
    await js.do("rpc", method="event.submit", data=event | {"id": "other", "value": 99})
    assert (await js.next("refused"))["code"] in (400, 422)


async def test_a_call_without_an_event_is_told_what_it_lacks(site: Site) -> None:
    async with Raw.open(site.websocket) as raw:
        await raw.hello(token("ana", claims=SUBMIT))
        for number, request in enumerate(({}, {"data": None}), 2):
            reply = await raw.ask({"id": number, "rpc": {"method": "event.submit", **request}})
            assert reply["error"]["code"] == 422
            assert reply["error"]["message"].startswith("There is no event in the call")


@BOTH
async def test_stored_rights_open_and_close_calls_at_once(
    connect: Connect, site: Site, protocol: str
) -> None:
    user, subject = f"fay-{protocol}", f"seller:of-fay-{protocol}"
    js = await connect(site.websocket, protocol, token=token(user))
    event = {"type": "review", "subject": subject, "value": 5}

    async def submit() -> dict[str, object]:
        await js.do("rpc", method="event.submit", data=event)
        while True:
            seen = await js.next()
            if seen["event"] in ("result", "refused"):
                return seen

    assert (await submit()).get("code") == 403
    site.ask("PUT", f"/v1/users/{user}/rights", SUBMIT["rights"])
    await js.next("server publication", channel=f"user:{user}")
    assert (await submit())["event"] == "result"
    site.ask("PUT", f"/v1/users/{user}/rights", {})
    await js.next("server publication", channel=f"user:{user}")
    assert (await submit()).get("code") == 403


@BOTH
async def test_calls_that_do_not_exist(connect: Connect, site: Site, protocol: str) -> None:
    """Of a family that is there 104; else 108, as servers answer that know no calls."""
    js = await connect(site.websocket, protocol)
    for method, code in (("standing.delete", 104), ("method", 108), ("", 108)):
        await js.do("rpc", method=method)
        assert (await js.next("refused"))["code"] == code
