// Builds the one file that pages embed: the element with its client, ES2022, minified.
import { mkdir, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = here("../../../src/renown/static/widget.js");

const result = await build({
  entryPoints: [here("src/index.ts")],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  mangleProps: /^_/,
  write: false,
});
const code = result.outputFiles[0].contents;
await mkdir(here("../../../src/renown/static/"), { recursive: true });
await writeFile(target, code);
console.log(`widget.js: ${code.length} B, gzip ${gzipSync(code, { level: 9 }).length} B of 4096 B`);
