import assert from "node:assert/strict";
import { test } from "node:test";
import { FeedList } from "../src/data/feed.ts";
import { ago, axis, fixed, position, signed } from "../src/data/format.ts";
import { pullsOf } from "../src/data/pulls.ts";
import { Ranks } from "../src/data/ranks.ts";
import { Rate } from "../src/data/rate.ts";
import type { Activity, BoardRow, Explanation } from "../src/data/types.ts";
import { parse, toSend, toSubject } from "../src/router.ts";

const change = (version: number, subject = "seller:1"): Activity => ({
  subject,
  version,
  type: "review",
  at: "2026-11-22T10:00:00Z",
  score: 4,
  delta: 0.1,
});

const board = (...subjects: string[]): BoardRow[] =>
  subjects.map((subject, index) => ({
    rank: index + 1,
    subject,
    score: 4,
    low: 3,
    high: 5,
    count: 9,
    tier: null,
    version: 1,
    provisional: false,
  }));

test("the feed keeps the newest first, once each, and says how many it was not told", () => {
  const list = new FeedList(4);
  assert.equal(list.take([change(2), change(1)], 2), 2);
  assert.equal(list.take([change(3), change(2), change(1)], 3), 1);
  assert.deepEqual(list.items.map(({ change: { version } }) => version), [3, 2, 1]);
  list.take([change(9), change(8)], 9);
  assert.deepEqual(list.items.map(({ change: { version }, skipped }) => [version, skipped]), [
    [9, 0],
    [8, 4],
    [3, 0],
    [2, 0],
  ]);
});

test("the feed does not guess at gaps where the publications have no common count", () => {
  const list = new FeedList();
  list.take([change(1)], undefined);
  list.take([change(50)], undefined);
  assert.ok(list.items.every(({ skipped }) => skipped === 0));
});

test("a move lasts a minute", () => {
  const ranks = new Ranks();
  ranks.record(board("a:1", "a:2", "a:3"), 0);
  ranks.record(board("a:3", "a:1", "a:2"), 1_000);
  assert.deepEqual(["a:1", "a:2", "a:3"].map((subject) => ranks.moved(subject, 2_000)), [-1, -1, 2]);
  assert.equal(ranks.moved("a:3", 62_000), 0);
  assert.equal(ranks.moved("a:unknown", 2_000), 0);
});

test("the rate is the counter's growth, and nothing before it is known", () => {
  const rate = new Rate(10);
  assert.equal(rate.perSecond(0), 0);
  rate.record(100, 0);
  for (let second = 1; second <= 20; second++) rate.record(100 + second * 7, second * 1000);
  assert.equal(rate.perSecond(20_000), 7);
  assert.deepEqual(rate.bars(20_000), Array.from({ length: 10 }, () => 7));
  assert.equal(rate.perSecond(60_000), 0);
});

test("numbers have their sign, a true minus and no minus zero", () => {
  assert.equal(signed(0.123, 2), "+0.12");
  assert.equal(signed(-1234.5, 1), "\u22121,234.5");
  assert.equal(signed(-0.001, 2), "\u00b10.00");
  assert.equal(fixed(-0.001, 2), "0.00");
  assert.equal(fixed(-2, 1), "\u22122.0");
});

test("an axis is the scale, unless the scale is as good as open", () => {
  assert.deepEqual(axis({ min: 1, max: 5, decimals: 2 }, 4.9), [1, 5]);
  assert.deepEqual(axis({ min: 1, max: 1e6, decimals: 0 }, 299), [1, 500]);
  assert.deepEqual(axis({ min: 1, max: 1e6, decimals: 0 }, 1000), [1, 2000]);
  assert.equal(position(3, [1, 5]), 0.5);
  assert.equal(position(9, [1, 5]), 1);
});

test("times ago are one short word", () => {
  const now = Date.parse("2026-11-22T10:00:00Z");
  assert.deepEqual([0, 30, 90, 7_200, 3 * 86_400].map((seconds) => ago(now - seconds * 1000, now)), [
    "now",
    "30 s",
    "1 min",
    "2 h",
    "3 d",
  ]);
});

test("routes survive any subject", () => {
  for (const subject of ["seller:42", "seller:a/b?c#d", "user:50%", "x:a%2Fb"]) {
    assert.deepEqual(parse(toSubject(subject)), { page: "subject", subject });
    assert.deepEqual(parse(toSend(subject)), { page: "send", subject });
  }
  assert.deepEqual(parse(""), { page: "overview" });
  assert.deepEqual(parse("#/subject/%E0%A4%A"), { page: "overview" });
});

const explanation = (lines: [share: number, value: number][], prior: [share: number, value: number]): Explanation => {
  const all = [...lines, prior].map(([share, value]) => share * value);
  const score = all.reduce((sum, points) => sum + points, 0);
  const line = { version: 1, id: "", type: "review", actor: null, at: "", weight: 1 };
  return {
    subject: "seller:1",
    category: "",
    version: 1,
    score,
    at: "",
    prior: { value: prior[1], weight: 1, points: prior[0] * prior[1] },
    lines: lines.map(([share, value]) => ({ ...line, share, value, points: share * value })),
    points_of_older: 0,
    cursor: null,
  };
};

test("the pulls of a mean cancel out, those of points are the points", () => {
  const { lines, prior, older } = pullsOf(explanation([[0.25, 5], [0.25, 1]], [0.5, 3.5]));
  assert.deepEqual(lines, [0.25 * 1.75, 0.25 * -2.25]);
  assert.ok(Math.abs(lines.reduce((sum, pull) => sum + pull, prior)) < 1e-12);
  assert.equal(older, 0);
  const points = pullsOf(explanation([[1, 10], [1, -2]], [1, 1]));
  assert.deepEqual([points.lines, points.prior], [[10, -2], 1]);
});
