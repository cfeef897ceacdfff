import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { bundle } from "../build.mjs";

test("element and client together are at most 4,096 bytes, gzip -9", async () => {
  const size = gzipSync(await bundle(), { level: 9 }).length;
  assert.ok(size > 1000, `${size} bytes cannot be the widget`);
  assert.ok(size <= 4096, `${size} bytes`);
});
