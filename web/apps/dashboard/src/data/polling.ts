/** A publication as the long poll tells it. */
interface Publication {
  readonly data: unknown;
  readonly offset?: number;
}

interface Found {
  readonly epoch?: string;
  readonly offset?: number;
  readonly publications?: readonly Publication[];
  readonly error?: object;
}

/** Whom a poll asks for, and whom it tells. */
export interface Polled {
  /** The channels somebody watches now. */
  channels(): Iterable<string>;
  /** A client token, where the server wants one. */
  token(): Promise<string | undefined>;
  hear(channel: string, data: unknown, offset: number | undefined): void;
  /** What the channel held has been handed over, be it nothing. */
  settled(channel: string): void;
  /** Whether the last poll was answered. */
  turn(working: boolean): void;
}

/** Seconds that the server may wait for news; short enough for proxies that cut what takes long. */
const WAIT = 10;
/** Milliseconds to an answer, and until the next attempt when there is none. */
const DEADLINE = 20_000;
const PAUSE = 3_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks for news with plain requests, for networks that let nothing stream. */
export class Polling {
  private readonly polled: Polled;
  private readonly known = new Map<string, { epoch?: string; offset?: number }>();
  private readonly refused = new Set<string>();
  private running: AbortController | undefined;
  private asking: AbortController | undefined;

  constructor(polled: Polled) {
    this.polled = polled;
  }

  start(): void {
    if (this.running) return;
    this.running = new AbortController();
    void this.run(this.running.signal);
  }

  stop(): void {
    this.running?.abort();
    this.running = undefined;
    this.known.clear();
    this.refused.clear();
  }

  /** Ask anew, as other channels are watched. */
  wake(): void {
    this.asking?.abort();
  }

  private async run(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const names = [...new Set(this.polled.channels())].filter((name) => !this.refused.has(name));
      if (document.hidden || names.length === 0) await sleep(500);
      else if (!(await this.ask(names, stopped)) && !stopped.aborted) {
        this.polled.turn(false);
        await sleep(PAUSE);
      }
    }
  }

  /** True when the server has answered, or somebody has woken us. */
  private async ask(names: readonly string[], stopped: AbortSignal): Promise<boolean> {
    const asking = new AbortController();
    this.asking = asking;
    // The first answer comes at once, whatever there is.
    const wait = names.every((name) => this.known.has(name)) ? WAIT : 0;
    try {
      const token = await this.polled.token();
      const channels = Object.fromEntries(names.map((name) => [name, this.known.get(name) ?? {}]));
      const response = await fetch("/connection/poll", {
        method: "POST",
        body: JSON.stringify({ channels, wait, ...(token ? { token } : {}) }),
        signal: AbortSignal.any([stopped, asking.signal, AbortSignal.timeout(DEADLINE)]),
      });
      if (!response.ok) return false;
      const answer = (await response.json()) as { channels: Record<string, Found> };
      if (stopped.aborted) return false;
      this.polled.turn(true);
      for (const [name, found] of Object.entries(answer.channels)) this.take(name, found);
      return true;
    } catch {
      return asking.signal.aborted;
    }
  }

  private take(name: string, { epoch, offset, publications = [], error }: Found): void {
    if (error) {
      this.refused.add(name);
      return;
    }
    const first = !this.known.has(name);
    this.known.set(name, { ...(epoch === undefined ? {} : { epoch }), ...(offset === undefined ? {} : { offset }) });
    for (const each of publications) this.polled.hear(name, each.data, each.offset);
    if (first) this.polled.settled(name);
  }
}
