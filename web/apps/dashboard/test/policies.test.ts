import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, type Line, pieces } from "../src/policies/difference.ts";
import { lineOf, withVersion } from "../src/policies/place.ts";

const rules = `name = "shop"
version = 3

[scale]
min = 1 # of stars

[rules.review]
weight = 0.2

[[rules.review.weights]]
when = { verified = true }
weight = 1

[[rules.review.weights]]
weight = 2

[[guards]]
name = "one"

[[guards]]
name = "two"
windows = [1, 7]
`;

test("a problem is placed at the line of its key", () => {
  const at = (path: string): number | null => lineOf(rules, path, "");
  assert.equal(at("scale.min"), 5);
  assert.equal(at("rules.review.weight"), 8);
  assert.equal(at("rules.review.weights[1].weight"), 15);
  assert.equal(at("rules.review.weights[0].when.verified"), 11);
  assert.equal(at("guards[1].windows[0]"), 22);
  assert.equal(at("version"), 2);
});

test("what is not written is placed at its table, and what is no TOML where the server says", () => {
  assert.equal(lineOf(rules, "guards[1].kind", ""), 20);
  assert.equal(lineOf(rules, "tiers[0].name", ""), null);
  assert.equal(lineOf(rules, undefined, "not TOML: Invalid value (at line 7, column 10)"), 7);
  assert.equal(lineOf(rules, undefined, "something else"), null);
});

test("a version is written into the text", () => {
  assert.equal(withVersion(rules, 12).split("\n")[1], "version = 12");
});

const text = (lines: readonly Line[]): string[] => lines.map(({ way, text }) => `${{ same: " ", gone: "-", new: "+" }[way]}${text}`);

test("lines that are in both stand once, what differs as taken out and put in", () => {
  const lines = compare("a\nb\nc\nd", "a\nc\nx\nd");
  assert.deepEqual(text(lines), [" a", "-b", " c", "+x", " d"]);
  assert.deepEqual(lines.map(({ before }) => before), [1, 2, 3, null, 4]);
  assert.deepEqual(lines.map(({ after }) => after), [1, null, 2, 3, 4]);
});

test("either text can be read from the difference, whatever the texts", () => {
  const texts = ["", "a", "a\na", "a\nb\na\nb", "b\na\nb\na\nc", "c\n\nc\n", "x\ny"];
  for (const before of texts)
    for (const after of texts) {
      const lines = compare(before, after);
      const side = (without: Line["way"]): string => lines.filter(({ way }) => way !== without).map((line) => line.text).join("\n");
      assert.equal(side("new"), before);
      assert.equal(side("gone"), after);
      assert.equal(lines.some(({ way }) => way !== "same"), before !== after);
    }
});

test("a line in place of one like it tells which of its words are others", () => {
  const marked = (line: Line | undefined): string[] | undefined => line?.parts?.filter((part) => part.marked).map(({ text }) => text);
  const [old, fresh] = compare("min = 4.5, running = true # high", "min = 4.4, running = false # high");
  assert.deepEqual(marked(old), ["4.5", "true"]);
  assert.deepEqual(marked(fresh), ["4.4", "false"]);
  assert.equal(fresh?.parts?.map(({ text }) => text).join(""), fresh?.text);
  const [short, long] = compare("min = 4", "min = 4 # stars");
  assert.deepEqual(marked(short), []);
  assert.deepEqual(marked(long), [" ", "#", " ", "stars"]);
  const [one, other] = compare("[scale]", 'name = "shop"');
  assert.equal(one?.parts, undefined);
  assert.equal(other?.parts, undefined);
});

test("long stretches of the same are left out, short ones are not worth it", () => {
  const many = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  const changed = many.with(0, "first").with(8, "ninth").with(16, "last but three");
  const found = pieces(compare(many.join("\n"), changed.join("\n")));
  // Three lines on each side leave one between: it is shown.
  assert.deepEqual(found.map((piece) => ("left" in piece ? piece.left : piece.lines.length)), [23]);
  const far = pieces(compare(many.join("\n"), many.with(19, "end").join("\n")));
  assert.deepEqual(far.map((piece) => ("left" in piece ? -piece.left : piece.lines.length)), [-16, 5]);
  assert.deepEqual(pieces(compare("a\nb", "a\nb")), [{ left: 2 }]);
});
