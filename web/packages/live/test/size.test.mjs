import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { bundle, LIMIT } from "../build.mjs";

test("the bundle with the SDK in it is at most 29,500 bytes, gzip -9", async () => {
  const size = gzipSync(await bundle(), { level: 9 }).length;
  assert.ok(size > 20_000, `${size} bytes cannot be it`);
  assert.ok(size <= LIMIT, `${size} bytes`);
});
