import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

/** Where a renown server listens while the dashboard is developed with `vite`. */
const server = process.env.RENOWN_URL ?? "http://127.0.0.1:8000";

/** Puts the font's licence beside the font; those of the scripts come from `build.license`. */
const fontLicence: Plugin = {
  name: "font-licence",
  generateBundle() {
    const source = readFileSync(new URL(import.meta.resolve("@fontsource-variable/figtree/LICENSE")));
    this.emitFile({ type: "asset", fileName: "licences/figtree.txt", source });
  },
};

export default defineConfig({
  base: "/",
  plugins: [fontLicence],
  build: {
    outDir: "../../../src/renown/static/dashboard",
    emptyOutDir: true,
    license: { fileName: "licences/scripts.md" },
    target: ["chrome123", "firefox121", "safari17.5"],
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/v1": server,
      "/badge": server,
      "/widget.js": server,
      "/connection": { target: server, ws: true },
    },
  },
});
