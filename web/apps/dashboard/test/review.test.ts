import assert from "node:assert/strict";
import { test } from "node:test";
import { inTime, said } from "../src/data/format.ts";
import type { Alert, HeldEvent } from "../src/data/review.ts";
import type { KindInfo } from "../src/data/types.ts";
import { firingOf } from "../src/radar/firing.ts";
import { deadline, groups, whyWords } from "../src/radar/words.ts";

const held = (id: string, why: string, subject = "product:1"): HeldEvent => ({
  seq: 1,
  event: { id, type: "review", subject, occurred_at: "2026-11-22T10:00:00Z" },
  why,
  held_at: "2026-11-22T10:00:00Z",
});

test("what is held is put together by subject and reason, with how many there are in all", () => {
  const found = groups(
    [held("a", "guard:bombing"), held("b", "dispute"), held("c", "guard:bombing"), held("d", "guard:bombing", "product:2")],
    [{ subject: "product:1", why: "guard:bombing", count: 40, oldest: "", newest: "" }],
  );
  assert.deepEqual(
    found.map(({ subject, why, count, events }) => [subject, why, count, events.map(({ event }) => event.id)]),
    [
      ["product:1", "guard:bombing", 40, ["a", "c"]],
      ["product:1", "dispute", 1, ["b"]],
      ["product:2", "guard:bombing", 1, ["d"]],
    ],
  );
});

test("the time that is left is told in words", () => {
  const now = Date.parse("2026-11-22T10:00:00Z");
  assert.equal(inTime(now + 3 * 86_400_000 + 7_200_000, now), "3 d 2 h");
  assert.equal(inTime(now + 13.9 * 86_400_000, now), "13 d");
  assert.equal(inTime(now + 90 * 60_000, now), "1 h 30 min");
  assert.equal(inTime(now - 1, now), "a moment");
  assert.equal(deadline({ why: "dispute", until: "2026-11-24T10:00:00Z" }, now), "2 d to resolve it");
  assert.equal(deadline({ why: "guard:x", until: "2026-11-24T10:00:00Z" }, now), "counts again in 2 d");
  assert.equal(deadline({ why: "moderator" }, now), "until somebody decides");
  assert.equal(whyWords("guard:self-review"), "self review");
  assert.equal(whyWords("guard:self-review", "Own people"), "Own people");
});

test("an alert fires until it is cleared; one about a moment is over at once", () => {
  const alert = (name: string, state: Alert["state"], lasting: boolean): Alert => ({
    subject: "seller:1", alert: name, title: name, severity: "warning", state, lasting, version: 1, at: "", why: "",
  });
  const newestFirst = [alert("a", "fired", true), alert("b", "cleared", true), alert("b", "fired", true), alert("c", "fired", false)];
  assert.deepEqual(firingOf(newestFirst).map((each) => each.alert), ["a"]);
});

test("sentences of the server name event types as they are called, and no more decimals than say something", () => {
  const kind = { types: [{ type: "late_shipment", title: "Late shipment" }] } as KindInfo;
  assert.equal(said("3 × `late_shipment` within 7 days", kind), "3 × Late shipment within 7 days");
  assert.equal(said("3 × `late_shipment` within 7 days"), "3 × late_shipment within 7 days");
  assert.equal(said("the score has fallen by 0.301404 from 3.80006"), "the score has fallen by 0.301 from 3.8");
  assert.equal(said("0.00012 of 4.25"), "0.0001 of 4.25");
});

test("sentences of the server are shown without marks and with times people read", () => {
  assert.match(said("`r1` does not count until 2026-12-06T11:15:54.552750Z: never bought."), /^r1 does not count until 6 Dec 2026, \d\d:\d\d:54: never bought\.$/);
});
