/** A stage for the client without a browser: a scripted socket, scripted answers over HTTP and a clock moved by hand. */
import { mock } from "node:test";
import type { Listener, Standing, State } from "../src/standing.ts";

type Command = Record<string, unknown> & {
  id?: number;
  connect?: Record<string, unknown>;
  subscribe?: { channel: string; recover?: boolean; epoch?: string; offset?: number };
  unsubscribe?: { channel: string };
};

/** What the client does with a WebSocket, written down; what a server would do, said by the test. */
export class ScriptedSocket {
  static made: ScriptedSocket[] = [];

  readonly url: string;
  readonly frames: string[] = [];
  readyState = 0;
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(url: string) {
    this.url = url;
    ScriptedSocket.made.push(this);
  }

  send(text: string): void {
    if (this.readyState !== 1) throw new Error("not open");
    this.frames.push(text);
  }

  close(): void {
    this.closed = true;
    this.readyState = 3;
  }

  /** Every command so far, whichever frame it came in. */
  get commands(): Command[] {
    return this.frames.flatMap((frame) => frame.split("\n")).map((line) => JSON.parse(line) as Command);
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  says(...replies: object[]): void {
    this.onmessage?.({ data: replies.map((reply) => JSON.stringify(reply)).join("\n") });
  }

  ends(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  /** Open, greet and answer every subscribe so far with `answer`. */
  welcomes(answer: (channel: string) => object, connect: object = { ping: 25, pong: true }): void {
    this.opens();
    this.says({ id: 1, connect: { client: "c", version: "v", ...connect } });
    for (const { id, subscribe } of this.commands)
      if (subscribe) this.says({ id, subscribe: answer(subscribe.channel) });
  }
}

const page = new EventTarget();

export const stage = {
  hidden: false,
  asked: [] as { url: string; init: RequestInit }[],
  /** The answer to the next requests over HTTP. */
  answer: (): Promise<Response> => Promise.reject(new TypeError("not reachable")),

  get sockets(): ScriptedSocket[] {
    return ScriptedSocket.made;
  },
  get last(): ScriptedSocket {
    return ScriptedSocket.made.at(-1)!;
  },
  happens(type: string): void {
    page.dispatchEvent(new Event(type));
  },
  /** Let promises settle, then the clock run, in steps small enough for chains of timers. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      mock.timers.tick(Math.min(50, left));
      await settle();
    }
  },
};

export const settle = async (): Promise<void> => {
  for (let i = 0; i < 12; i++) await Promise.resolve();
};

Object.assign(globalThis, {
  WebSocket: ScriptedSocket,
  addEventListener: page.addEventListener.bind(page),
  document: {
    get hidden() {
      return stage.hidden;
    },
  },
  fetch: (url: string, init: RequestInit) => {
    stage.asked.push({ url, init });
    return stage.answer();
  },
});

/** A clean stage: no sockets, a clock at zero, a die that always falls on one half. */
export const setUp = (): void => {
  ScriptedSocket.made = [];
  stage.asked = [];
  stage.hidden = false;
  stage.answer = () => Promise.reject(new TypeError("not reachable"));
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  mock.method(Math, "random", () => 0.5);
};

export const tearDown = (): void => {
  mock.timers.reset();
  mock.restoreAll();
};

export const standing = (version: number, score = version, subject = "seller:42"): Standing => ({
  subject,
  version,
  score,
  low: score,
  high: score,
  count: version,
  categories: {},
  tier: null,
  badges: [],
  status: "active",
  provisional: false,
  updated_at: "2026-11-22T10:00:00.000000Z",
  cause: null,
});

export const snapshot = (version: number, epoch = "e1"): object => ({
  epoch,
  offset: version,
  recoverable: true,
  positioned: true,
  publications: [{ data: standing(version), offset: version }],
});

export const push = (version: number, subject = "seller:42"): object => ({
  push: { channel: `standing:${subject}`, pub: { data: standing(version, version, subject), offset: version } },
});

/** A listener that keeps what it hears. */
export const ear = () => {
  const heard: { state: State; version: number | null | undefined }[] = [];
  const listener: Listener = (state, news) => {
    heard.push({ state, version: news && news.version });
  };
  return {
    heard,
    listener,
    get now() {
      return heard.at(-1);
    },
  };
};

let servers = 0;
/** A server nobody has connected to yet: connections are shared by address. */
export const newServer = (): string => `https://s${++servers}.test`;
