"""`@renown/live` obeys what the rules say of a connection in trouble, and of several tabs."""

from pathlib import Path

from tests.browser.chromium import Chromium, Page
from tests.browser.proxy import Proxy
from tests.browser.rules import ruled
from tests.browser.shop import review
from tests.browser.site import Site

BUNDLE = Path(__file__).parents[2] / "web" / "packages" / "live" / "dist" / "live.js"
WATCH = """<script type="module">
  const bundle = new Blob([document.querySelector('#bundle').textContent], {{ type: 'text/javascript' }});
  const {{ createRenown }} = await import(URL.createObjectURL(bundle));
  window.renown = createRenown({{ url: '{url}', patience: 3000 }});
  {more}
</script>"""
ONE = "renown.standing('{0}').subscribe((value) => (window.version = value?.version));"
ALL = "renown.standings('seller').subscribe((known) => (window.map = [...known.keys()].sort()));"
ROOM = """window.heard = [];
  window.room = renown.room('chat:1');
  room.listen({ data: ({ text }) => heard.push(text), settled: () => (window.settled = true) });"""
CHAT = """
[gateway.rooms.chat]
history_size = 50
publish = "subscribers"
presence = true
[gateway.rooms.chat.shown]
tabs = "shared"
"""


def page_of(site: Site, url: str, more: str) -> str:
    """Publish a page that connects to a server and does more."""
    assert BUNDLE.is_file(), "the client is not built: run `make setup`"
    bundle = BUNDLE.read_text().replace("</script", "<\\/script")
    body = f'<script type="text/plain" id="bundle">{bundle}</script>'
    return site.page(body + WATCH.format(url=url, more=more))


def connections(page: Page) -> int:
    """How many connections a tab has open."""
    return sum(each["open"] for each in page.log["sockets"])


def test_each_trouble_looks_as_the_rule_says(
    chromium: Chromium, site: Site, tmp_path: Path, seller: str
) -> None:
    with (
        ruled(tmp_path, ping=1.0, slow="dim", reconnecting="as_of", offline="hide") as server,
        Proxy(server.port, fades_after=4.0) as proxy,
    ):
        proxy.treat("fade")
        review(server, seller, 5, times=8)
        with chromium.open(page_of(site, proxy.url, ONE.format(seller))) as page:
            look = f"renown.standing('{seller}').look"
            page.until("window.version === 8 && renown.state.kind === 'live'")
            assert page.evaluate(look) == {"hidden": False, "dimmed": False, "asOf": None}
            page.until("renown.state.kind === 'slow'")
            assert page.evaluate(look) == {"hidden": False, "dimmed": True, "asOf": None}
            proxy.treat("mute")
            page.until("renown.state.kind === 'reconnecting'")
            page.until(f"{look}.asOf")
            assert page.evaluate("version") == 8
            assert page.evaluate(f"{look}.dimmed && Date.now() - {look}.asOf < 60_000")
            server.kill()
            page.until("renown.state.kind === 'offline'")
            assert page.evaluate(look) == {"hidden": True, "dimmed": False, "asOf": None}
            assert page.evaluate("window.version === undefined")
            server.start()
            proxy.treat("pass")
            page.until("window.version === 8 && renown.state.kind === 'live'")
            assert page.log["errors"] == []


def test_tabs_that_share_have_one_connection_and_hand_it_on(
    chromium: Chromium, site: Site, tmp_path: Path, seller: str
) -> None:
    shared = "[gateway.channels.standings.shown]\ntabs = 'shared'\n" + CHAT
    with ruled(tmp_path, more=shared, tabs="shared") as server:
        review(server, seller, 5, times=8)
        url = page_of(site, server.url, ONE.format(seller) + ROOM)
        with chromium.open(url) as one:
            one.until("window.version === 8 && window.settled")
            # What the first page was told is known to those that come: they do not even try to connect.
            one.until("Object.keys(localStorage).length === 1")
            two = one.beside(url)
            three = one.beside(page_of(site, server.url, ALL + ROOM))
            two.until("window.version === 8 && window.settled")
            three.until(f"window.map?.join() === '{seller}'")
            assert [len(page.log["sockets"]) for page in (one, two, three)] == [1, 0, 0]
            assert two.evaluate("renown.state.kind") == "live"

            review(server, seller, 4, times=2)
            for page in (one, two):
                page.until("window.version === 10")
            two.evaluate("room.publish({ text: 'from two' })")
            one.evaluate("room.publish({ text: 'from one' })")
            for page in (one, two, three):
                page.until("heard.length === 2")
            assert two.evaluate("room.presence().then((all) => Object.keys(all).length)") == 1
            assert (
                two.evaluate("room.history({ limit: 10 }).then(({ publications }) => publications.length)")
                == 2
            )

            one.do("close")
            two.until("renown.state.kind === 'live' && window.version === 10")
            three.evaluate("room.publish({ text: 'from three' })")
            review(server, f"{seller}-b", 4)
            three.until(f"window.map.join() === '{seller},{seller}-b'")
            review(server, seller, 4, times=2)
            two.until("window.version === 12")
            for page in (two, three):
                page.until("heard.length === 3")
                assert page.evaluate("heard") == ["from two", "from one", "from three"]
                assert page.log["errors"] == []
            assert sum(connections(page) for page in (two, three)) == 1
            two.do("close")
            three.do("close")


def test_a_tab_that_watches_what_is_not_shared_has_a_connection_of_its_own(
    chromium: Chromium, site: Site, tmp_path: Path, seller: str
) -> None:
    with ruled(tmp_path, tabs="shared") as server:
        review(server, seller, 5, times=8)
        url = page_of(site, server.url, ONE.format(seller))
        with chromium.open(url) as one:
            one.until("window.version === 8 && Object.keys(localStorage).length === 1")
            with one.beside(url) as two:
                two.until("window.version === 8")
                assert len(two.log["sockets"]) == 0
                two.evaluate(ALL + " null")
                two.until(f"window.map?.join() === '{seller}'")
                assert connections(two) == 1
                review(server, seller, 4, times=2)
                for page in (one, two):
                    page.until("window.version === 10")
