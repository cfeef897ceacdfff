import { defineConfig } from "vite";

/** Where a renown server listens while the dashboard is developed with `vite`. */
const server = process.env.RENOWN_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/",
  build: {
    outDir: "../../../src/renown/static/dashboard",
    emptyOutDir: true,
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
