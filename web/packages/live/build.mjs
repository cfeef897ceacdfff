// Builds the one file for pages without a bundler: the client with the SDK it stands on, ES2022, minified.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export const LIMIT = 29_500;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The bundle's bytes. */
export const bundle = async () => {
  const result = await build({
    entryPoints: [here("src/index.ts")],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    write: false,
  });
  return result.outputFiles[0].contents;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const code = await bundle();
  const size = gzipSync(code, { level: 9 }).length;
  await mkdir(here("dist"), { recursive: true });
  await writeFile(here("dist/live.js"), code);
  console.log(`live.js: ${code.length} B, gzip ${size} B of ${LIMIT} B`);
  if (size > LIMIT) {
    console.error("live.js is over its limit");
    process.exitCode = 1;
  }
}
