import assert from "node:assert/strict";
import { test } from "node:test";
import { entryOf } from "../src/data/entries.ts";
import type { Activity, HistoryPoint } from "../src/data/types.ts";
import { scoresOf } from "../src/subject/scores.ts";
import { snippet } from "../src/subject/snippets.ts";

const here = "http://localhost:8000";
const nasty = 'seller:"><script>alert(1)</script>&amp;';
const escaped = "seller:&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;";

test("a plain subject stands in the snippets as it is", () => {
  assert.equal(
    snippet("widget", here, "seller:42"),
    '<script type="module" src="http://localhost:8000/widget.js"></script>\n<renown-score subject="seller:42"></renown-score>',
  );
  assert.equal(
    snippet("image", here, "seller:42"),
    '<img src="http://localhost:8000/badge/seller:42.svg" alt="Reputation of seller:42">',
  );
  assert.equal(
    snippet("markdown", here, "seller:42"),
    "![Reputation of seller:42](http://localhost:8000/badge/seller:42.svg)",
  );
});

test("a subject cannot leave its attribute in HTML", () => {
  assert.ok(snippet("widget", here, nasty).endsWith(`\n<renown-score subject="${escaped}"></renown-score>`));
  const address = "http://localhost:8000/badge/seller:%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E%26amp%3B.svg";
  assert.equal(snippet("image", here, nasty), `<img src="${address}" alt="Reputation of ${escaped}">`);
});

test("a subject cannot leave its image in Markdown", () => {
  assert.equal(
    snippet("markdown", here, "seller:a](http://evil.example)![*b_"),
    "![Reputation of seller:a\\]\\(http://evil.example\\)\\!\\[\\*b\\_]" +
      "(http://localhost:8000/badge/seller:a%5D%28http:%2F%2Fevil.example%29!%5B%2Ab%5F.svg)",
  );
  const text = snippet("markdown", here, 'seller:<img src=x onerror="a">\\');
  assert.ok(text.startsWith("![Reputation of seller:&lt;img src=x onerror=&quot;a&quot;&gt;\\\\]("));
  assert.doesNotMatch(text, /[<>"]/);
});

test("past events have one form, whole or public", () => {
  const activity = { subject: "seller:1", version: 3, type: "review", at: "2026-11-22T10:00:00Z", score: 4, delta: 1 };
  assert.deepEqual(entryOf({ ...activity, value: 5 }), {
    version: 3,
    score: 4,
    event: { type: "review", value: 5, occurred_at: "2026-11-22T10:00:00Z" },
  });
  const whole = { version: 3, score: 4, event: { type: "sale", id: "s-1", occurred_at: "2026-11-22T10:00:00Z" } };
  assert.equal(entryOf(whole), whole);
});

test("of changes at one moment the course has the last, however many there are", () => {
  const at = (version: number, at: string, score: number): HistoryPoint & Activity => ({ version, at, score, subject: "seller:1", type: "review", delta: 0 });
  const past = [at(1, "2026-11-20T10:00:00Z", 3), at(2, "2026-11-22T10:00:00Z", 4), at(3, "2026-11-22T10:00:00Z", 2)];
  assert.deepEqual(scoresOf(past, []), [[Date.parse("2026-11-20T10:00:00Z") / 1000, Date.parse("2026-11-22T10:00:00Z") / 1000], [3, 2]]);
  // What came since, newest first; what is known already is not told twice.
  const fresh = [at(5, "2026-11-22T10:00:01Z", 5), at(4, "2026-11-22T10:00:01Z", 1), at(3, "2026-11-22T10:00:00Z", 9)];
  assert.deepEqual(scoresOf(past, fresh)[1], [3, 2, 5]);
  assert.deepEqual(scoresOf([], []), [[], []]);
});
