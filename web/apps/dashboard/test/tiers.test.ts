import assert from "node:assert/strict";
import { test } from "node:test";
import type { KindInfo, Need, Progress } from "../src/data/types.ts";
import { above, asked, brief, distance, figures, heldOf, part, threatened } from "../src/tiers/words.ts";

const kind = {
  scale: { min: 1, max: 5, decimals: 2 },
  categories: [{ name: "delivery", title: "Delivery", scale: { min: 0, max: 100, decimals: 0 } }],
} as unknown as KindInfo;

const score: Need = { what: "score", have: 4.4, need: 4.5, met: false };
const delivery: Need = { what: "score", have: 92, need: 80, met: true, part: "delivery" };
const lasting: Need = { what: "lasting", have: 3.25, need: 14, met: false };

const progress = (held: number): Progress => ({
  tier: null,
  steps: ["one", "two", "three"].map((name, index) => ({
    name,
    title: name,
    reached: index <= held,
    ...(index === held ? { held: true } : {}),
    needs: index === held ? [delivery] : [score, lasting],
  })),
  set_by_event: false,
  next_look: null,
  safe_until: null,
});

test("of the tiers the next ones are those above the one that is held, or all", () => {
  assert.deepEqual(above(progress(0)).map(({ name }) => name), ["two", "three"]);
  assert.deepEqual(above(progress(2)), []);
  assert.equal(heldOf(progress(-1)), undefined);
  assert.equal(above(progress(-1)).length, 3);
});

test("a tier is in danger when something that keeps it is missing", () => {
  assert.equal(threatened(progress(1)), false);
  const failing = progress(1);
  assert.equal(threatened({ ...failing, steps: failing.steps.with(1, { ...failing.steps[1]!, needs: [score] }) }), true);
  // What is missing to others is no danger.
  assert.equal(threatened(progress(-1)), false);
});

test("what a tier asks for is told with what there is, in the decimals of what it is about", () => {
  assert.deepEqual([asked(score, kind), figures(score, kind), distance(score, kind)], ["Score", "4.400 of 4.500", "0.100 missing"]);
  assert.deepEqual([asked(delivery, kind), figures(delivery, kind), distance(delivery, kind)], ["Delivery", "92 (asks for 80)", "12 to spare"]);
  assert.deepEqual([asked(lasting, kind), figures(lasting, kind), distance(lasting, kind)], ["Days without a break", "3.3 of 14", "10.8 to go"]);
  const weeks: Need = { what: "weeks", have: 13, need: 13, met: true, of: 16 };
  assert.deepEqual([asked(weeks, kind), figures(weeks, kind), distance(weeks, kind)], ["Of the last 16 weeks enough", "13 (asks for 13)", "just enough"]);
  const given: Need = { what: "event", have: 0, need: 1, met: false };
  assert.deepEqual([asked(given, kind), figures(given, kind), distance(given, kind)], ["Given by somebody", "not yet", ""]);
  const most: Need = { what: "score", have: 12, need: 10, met: false, part: "flags", at_most: true };
  assert.deepEqual([asked(most, undefined), distance(most, undefined)], ["flags, at most", "2.000 too much"]);
});

test("a bar is as full as the way is gone, from the ground of the scale on", () => {
  assert.equal(part(delivery, kind), 1);
  assert.equal(part({ ...score, have: 1 }, kind), 0);
  assert.equal(part({ ...score, have: 2.75 }, kind), 0.5);
  assert.equal(part(lasting, kind), 3.25 / 14);
  assert.equal(part({ what: "score", have: 20, need: 10, met: false, at_most: true, part: "flags" }, undefined), 0.5);
  assert.equal(part({ what: "score", have: -3, need: 0, met: false }, undefined), 0);
});

test("in one line there is the first that is missing, or what has least to spare", () => {
  const step = { name: "a", title: "A", reached: false };
  assert.equal(brief({ ...step, needs: [delivery, score, lasting] }, kind), "Score: 4.400 of 4.500, and 1 thing more");
  const close: Need = { ...score, have: 4.52, met: true };
  assert.equal(brief({ ...step, needs: [delivery, close] }, kind), "Score: 4.520 (asks for 4.500)");
  assert.equal(brief(step, kind), "");
});
