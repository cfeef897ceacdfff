// Drives Chromium for the browser tests: one JSON command per line in, one answer per line out.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  headless: true,
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

const pages = new Map();
let last = 0;

const watch = (page) => {
  const log = { console: [], errors: [], sockets: [], responses: [], requests: [] };
  page.on("console", (message) => log.console.push({ type: message.type(), text: message.text() }));
  page.on("pageerror", (error) => log.errors.push(String(error)));
  page.on("websocket", (socket) => {
    const entry = { url: socket.url(), open: true, sent: [], received: [] };
    log.sockets.push(entry);
    socket.on("framesent", ({ payload }) => entry.sent.push(String(payload)));
    socket.on("framereceived", ({ payload }) => entry.received.push(String(payload)));
    socket.on("close", () => (entry.open = false));
  });
  page.on("response", (response) => log.responses.push({ url: response.url(), status: response.status() }));
  page.on("request", (request) => log.requests.push({ url: request.url(), method: request.method() }));
  return log;
};

const ignoreNavigation = (error) => {
  if (!/context was destroyed|navigat/i.test(String(error))) throw error;
};

const commands = {
  async open({ options, beside }) {
    const context = beside ? pages.get(beside).context : await browser.newContext(options);
    const page = await context.newPage();
    pages.set(++last, { context, page, log: watch(page) });
    return last;
  },
  goto: ({ page, url }) => page.page.goto(url, { waitUntil: "load", timeout: 30_000 }).then(() => null),
  evaluate: ({ page, expression }) => page.page.evaluate(expression),
  // Asked from outside: waiting inside the page would need `eval`, which a strict page forbids.
  async until({ page, expression, timeout }) {
    const deadline = Date.now() + timeout;
    while (Date.now() < deadline) {
      const value = await page.page.evaluate(expression).catch(ignoreNavigation);
      if (value) return value;
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    throw new Error(`not true within ${timeout} ms: ${expression}`);
  },
  screenshot: ({ page, path, selector, animations }) =>
    (selector ? page.page.locator(selector) : page.page).screenshot({ path, animations: animations ?? "allow" }).then(() => null),
  click: ({ page, selector }) => page.page.click(selector, { timeout: 10_000 }),
  fill: ({ page, selector, text }) => page.page.fill(selector, text, { timeout: 10_000 }),
  press: ({ page, key }) => page.page.keyboard.press(key),
  resize: ({ page, width, height }) => page.page.setViewportSize({ width, height }),
  media: ({ page, options }) => page.page.emulateMedia(options),
  offline: ({ page, on }) => page.context.setOffline(on),
  accessibility: ({ page, selector }) => page.page.locator(selector).ariaSnapshot(),
  log: ({ page }) => page.log,
  async close({ page, id }) {
    if (!pages.delete(id)) return null;
    const alone = ![...pages.values()].some(({ context }) => context === page.context);
    await (alone ? page.context : page.page).close();
    return null;
  },
};

console.log(JSON.stringify({ ready: browser.version() }));

for await (const line of createInterface({ input: process.stdin })) {
  const { command, page: id, ...given } = JSON.parse(line);
  try {
    const page = id === undefined ? undefined : pages.get(id);
    const result = await commands[command]({ ...given, page, id });
    console.log(JSON.stringify({ result: result ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
await browser.close();
