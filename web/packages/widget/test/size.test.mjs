import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { bundles, LIMITS } from "../build.mjs";

const size = (code) => gzipSync(code, { level: 9 }).length;

test("element and client together are at most 4,096 bytes, gzip -9", async () => {
  const bytes = size((await bundles())["widget.js"]);
  assert.ok(bytes > 1000, `${bytes} bytes cannot be the widget`);
  assert.ok(bytes <= 4096, `${bytes} bytes`);
});

test("what tabs need to share a connection is at most 1,024 bytes more", async () => {
  const bytes = size((await bundles())["widget-tabs.js"]);
  assert.ok(bytes > 300, `${bytes} bytes cannot be it`);
  assert.ok(bytes <= 1024, `${bytes} bytes`);
});

test("the build holds every script it makes to its limit", async () => {
  assert.deepEqual(LIMITS, { "widget.js": 4096, "widget-tabs.js": 1024 });
  assert.deepEqual(Object.keys(await bundles()).sort(), Object.keys(LIMITS).sort());
});
