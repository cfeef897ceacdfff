// Builds what pages embed, ES2022, minified: the element with its client, and what lets tabs share a connection.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

/** Bytes after gzip. Tabs that share a connection load the second as well. */
export const LIMITS = { "widget.js": 4096, "widget-tabs.js": 1024 };
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = here("../../../src/renown/static/");

const styles = {
  name: "styles",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true });
      return { contents: code.trim().replace(/([,:]) /g, "$1"), loader: "text" };
    });
  },
};

/** The scripts as the bytes that are served, by name. Both in one build, so that they agree on shortened names. */
export const bundles = async () => {
  const { outputFiles } = await build({
    entryPoints: { widget: here("src/index.ts"), "widget-tabs": here("src/tabs.ts") },
    outdir: folder,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    mangleProps: /^_/,
    // Whichever versions of the two scripts a browser has in its cache, they understand each other.
    mangleCache: { _watch: "w", _identify: "i", _wake: "u", _sleep: "z" },
    plugins: [styles],
    write: false,
  });
  return Object.fromEntries(outputFiles.map(({ path, contents }) => [basename(path), contents]));
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(folder, { recursive: true });
  for (const [name, code] of Object.entries(await bundles())) {
    const size = gzipSync(code, { level: 9 }).length;
    await writeFile(`${folder}${name}`, code);
    console.log(`${name}: ${code.length} B, gzip ${size} B of ${LIMITS[name]} B`);
    if (size > LIMITS[name]) {
      console.error(`${name} is over its limit`);
      process.exitCode = 1;
    }
  }
}
