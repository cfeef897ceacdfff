/** Tabs that share a connection, with the locks and channels that browsers have; the connection itself is the test's. */
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { Connection } from "../src/connection.ts";
import type { Listener, Standing, State } from "../src/standing.ts";

const page = Object.assign(new EventTarget(), { hidden: false });
Object.assign(globalThis, { document: page });
const { share } = await import("../src/tabs.ts");

/** What a tab's own connection is asked for, and what it is made to say. */
class Direct {
  readonly watched = new Map<string, Listener>();
  slept = 0;
  readonly connection: Connection = {
    _watch: (subject, listener) => {
      this.watched.set(subject, listener);
      listener("stale", undefined);
      return () => this.watched.delete(subject);
    },
    _identify: () => {},
    _wake: () => {},
    _sleep: () => void this.slept++,
  };

  says(subject: string, state: State, version: number): void {
    this.watched.get(subject)!(state, { version } as Standing);
  }
}

const open: Connection[] = [];
// Those of tests before as well: they, too, come back when the page is seen again.
afterEach(() => open.forEach((each) => each._sleep()));

let servers = 0;
const tabs = (count: number) => {
  const server = `https://s${++servers}.test`;
  return Array.from({ length: count }, () => {
    const direct = new Direct();
    const connection = share(direct.connection, server);
    open.push(connection);
    const heard: [State, number | undefined][] = [];
    const watch = (subject = "seller:1") =>
      connection._watch(subject, (state, standing) => heard.push([state, standing?.version]));
    return { direct, connection, heard, watch };
  });
};

const until = async (what: () => boolean) => {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 5));
};

test("the first tab has the connection, and the others hear what it hears", async () => {
  const [one, two] = tabs(2) as [ReturnType<typeof tabs>[0], ReturnType<typeof tabs>[0]];
  one.watch();
  await until(() => one.direct.watched.size === 1);
  one.direct.says("seller:1", "live", 5);
  two.watch();
  await until(() => two.heard.at(-1)?.[1] === 5);
  assert.deepEqual(two.heard.at(-1), ["live", 5]);
  one.direct.says("seller:1", "slow", 6);
  await until(() => two.heard.at(-1)?.[1] === 6);
  assert.deepEqual(two.heard.at(-1), ["slow", 6]);
  assert.equal(two.direct.watched.size, 0);
});

test("what only another tab wants is watched for it, until it wants it no more", async () => {
  const [one, two] = tabs(2) as [ReturnType<typeof tabs>[0], ReturnType<typeof tabs>[0]];
  one.watch();
  await until(() => one.direct.watched.size === 1);
  const stop = two.watch("seller:2");
  two.watch("seller:3");
  await until(() => one.direct.watched.size === 3);
  stop();
  await until(() => one.direct.watched.size === 2);
  assert.deepEqual([...one.direct.watched.keys()].sort(), ["seller:1", "seller:3"]);
});

test("when the tab with the connection goes, another takes over and keeps what it showed meanwhile", async () => {
  const [one, two] = tabs(2) as [ReturnType<typeof tabs>[0], ReturnType<typeof tabs>[0]];
  one.watch();
  await until(() => one.direct.watched.size === 1);
  two.watch();
  one.direct.says("seller:1", "live", 5);
  await until(() => two.heard.at(-1)?.[1] === 5);
  one.connection._sleep();
  await until(() => two.direct.watched.size === 1);
  assert.equal(one.direct.watched.size, 0);
  assert.equal(one.direct.slept, 1);
  assert.ok(two.heard.slice(1).every(([, version]) => version === undefined || version === 5));
  assert.equal(two.heard.at(-1)?.[1], 5);
  two.direct.says("seller:1", "live", 7);
  assert.deepEqual(two.heard.at(-1), ["live", 7]);
});

test("visitors with other rights do not share, two tokens of one do", async () => {
  const token = (claims: object) => `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;
  const [ana, bo, again] = tabs(3) as ReturnType<typeof tabs> & { length: 3 };
  ana!.connection._identify(token({ sub: "ana", exp: 1, iat: 2, jti: "a" }));
  bo!.connection._identify(async () => token({ sub: "bo", exp: 1 }));
  again!.connection._identify(async () => token({ sub: "ana", exp: 9, iat: 8, jti: "b" }));
  ana!.watch();
  bo!.watch();
  await until(() => ana!.direct.watched.size === 1 && bo!.direct.watched.size === 1);
  again!.watch();
  ana!.direct.says("seller:1", "live", 5);
  await until(() => again!.heard.at(-1)?.[1] === 5);
  assert.equal(again!.direct.watched.size, 0);
});

test("a hidden tab lets go, and is told at once when it is seen again", async () => {
  const [one] = tabs(1) as [ReturnType<typeof tabs>[0]];
  one.watch();
  await until(() => one.direct.watched.size === 1);
  one.direct.says("seller:1", "live", 5);
  page.hidden = true;
  page.dispatchEvent(new Event("visibilitychange"));
  assert.equal(one.direct.watched.size, 0);
  assert.equal(one.direct.slept, 1);
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  await until(() => one.direct.watched.size === 1);
  assert.equal(one.heard.at(-1)?.[1], 5);
});
