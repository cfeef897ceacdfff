// Builds the one file that pages embed: the element with its client, ES2022, minified.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const LIMIT = 4096;
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

/** The widget's code as the bytes that are served. */
export const bundle = async () => {
  const result = await build({
    entryPoints: [here("src/index.ts")],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    mangleProps: /^_/,
    plugins: [styles],
    write: false,
  });
  return result.outputFiles[0].contents;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const code = await bundle();
  const size = gzipSync(code, { level: 9 }).length;
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}widget.js`, code);
  console.log(`widget.js: ${code.length} B, gzip ${size} B of ${LIMIT} B`);
  if (size > LIMIT) {
    console.error("widget.js is over its limit");
    process.exitCode = 1;
  }
}
