import assert from "node:assert/strict";
import { test } from "node:test";
import { brief, duration, size } from "../src/data/format.ts";
import { Course, type GatewayView, Growth, members, type Sample } from "../src/data/gateway.ts";
import { parse } from "../src/router.ts";

const sample = (at: number, deliveries: number): Sample => ({ at, connections: 2, publications: at, deliveries, left_out: 0 });

const view = (at: number, samples: Sample[], node = "a"): GatewayView => ({
  at,
  node,
  nodes: [node, "other"].map((name, number) => ({
    node: name,
    pid: number,
    worker: number,
    version: "1",
    uptime: 1,
    connections: 1,
    subscriptions: 1,
    draining: false,
    leads: number === 0,
    age: 0,
  })),
  draining: false,
  totals: { opened: 0, messages: 0, publications: 0, deliveries: 0, conflated: 0, dropped: 0 },
  connections: [],
  namespaces: [],
  closes: [],
  outcomes: { connect: {}, subscribe: {}, errors: {} },
  queues: { waiting: 0, slow: 0, total: 0, largest: 0 },
  latency: null,
  loops: [],
  samples,
});

test("the course is put together from the answers, each sample once, and forgets what is old", () => {
  const course = new Course();
  course.take(view(4, [sample(2, 9), sample(4, 20)]));
  assert.equal(course.since, 4);
  course.take(view(6, [sample(4, 20), sample(6, 40)]));
  assert.deepEqual(course.rates(({ deliveries }) => deliveries), [10, 20]);
  assert.deepEqual(course.connections(), [2, 2, 2]);
  assert.equal(course.seconds(), 4);
  course.take(view(305, [sample(304, 60), sample(305, 60)]));
  assert.equal(course.seconds(), 299);
});

test("the course goes on whichever process answers, and where none answered for a while", () => {
  const course = new Course();
  course.take(view(4, [sample(2, 1000), sample(4, 2000)]));
  course.take(view(6, [sample(6, 3000)], "b"));
  course.take(view(16, [sample(16, 50)], "c"));
  assert.deepEqual(course.rates(({ deliveries }) => deliveries), [1000, 1500, 5]);
});

test("whose counts they are does not depend on who answers", () => {
  const one = view(1, []);
  assert.equal(members(one), members({ ...one, node: "other", nodes: one.nodes.toReversed() }));
  assert.notEqual(members(one), members(view(1, [], "b")));
});

test("growth is per second over the last five seconds", () => {
  const growth = new Growth();
  assert.equal(growth.perSecond("x"), 0);
  for (let at = 0; at <= 20; at++) growth.take("a", at, [["x", at < 10 ? 0 : (at - 10) * 7]]);
  assert.equal(growth.perSecond("x"), 7);
  assert.equal(growth.perSecond("unheard of"), 0);
  growth.take("b", 21, [["x", 1]]);
  assert.equal(growth.perSecond("x"), 0);
});

test("rates, sizes and short times are short words", () => {
  assert.deepEqual([0, 0.44, 12.6, 3400, 1_234_567].map(brief), ["0", "0.4", "13", "3,400", "1.2M"]);
  assert.deepEqual([0, 1023, 1536, 5 * 1024 ** 2].map(size), ["0 B", "1023 B", "1.5 KiB", "5.0 MiB"]);
  assert.deepEqual([0.00042, 0.0042, 0.042, 1.26].map(duration), ["0.42 ms", "4.2 ms", "42 ms", "1.3 s"]);
});

test("the gateway has an address", () => {
  assert.deepEqual(parse("#/gateway"), { page: "gateway" });
});
