/** The JSON of `GET /v1/gateway`. Counts are since the process started, unless they are said to be of now. */
export interface GatewayView {
  /** Seconds since 1970, by the server's clock. */
  at: number;
  node: string;
  draining: boolean;
  totals: Totals;
  /** Open now. */
  connections: Connections[];
  namespaces: Namespace[];
  closes: { code: number; reason: string; count: number }[];
  /** How attempts ended, by words: connects, subscriptions with their recovery, replies that are errors. */
  outcomes: Record<OutcomeName, Record<string, number>>;
  /** Of now, in bytes. */
  queues: { waiting: number; slow: number; total: number; largest: number };
  /** Seconds from the commit to the write, of the last minute's publications; null without any. */
  latency: { p50: number; p99: number; count: number } | null;
  loops: { user: string; connects: number }[];
  /** One every few seconds, oldest first, only those after the one asked for. */
  samples: Sample[];
}

export interface Totals {
  opened: number;
  messages: number;
  publications: number;
  deliveries: number;
  conflated: number;
  dropped: number;
}

export interface Connections {
  transport: string;
  protocol: string;
  sdk: string;
  version: string;
  count: number;
}

export interface Namespace {
  namespace: string;
  /** Of now. */
  subscriptions: number;
  publications: number;
}

export type OutcomeName = "connect" | "subscribe" | "errors";

export interface Sample {
  at: number;
  /** Of that moment. */
  connections: number;
  publications: number;
  deliveries: number;
  left_out: number;
}

const span = 5 * 60;

/** The last minutes of a gateway, put together from what each answer brings. */
export class Course {
  private node = "";
  private samples: Sample[] = [];

  /** The time after which samples are missing. */
  get since(): number {
    return this.samples.at(-1)?.at ?? 0;
  }

  take(view: GatewayView): void {
    // Another process has counts of its own.
    if (view.node !== this.node) this.samples = [];
    this.node = view.node;
    this.samples.push(...view.samples.filter(({ at }) => at > this.since));
    const start = view.at - span;
    while ((this.samples[0]?.at ?? view.at) < start) this.samples.shift();
  }

  connections(): number[] {
    return this.samples.map(({ connections }) => connections);
  }

  /** Growth per second between samples, oldest first. */
  rates(of: (sample: Sample) => number): number[] {
    return this.samples.slice(1).map((sample, index) => {
      const before = this.samples[index] ?? sample;
      return sample.at > before.at ? Math.max(0, of(sample) - of(before)) / (sample.at - before.at) : 0;
    });
  }

  /** Seconds that are covered. */
  seconds(): number {
    const first = this.samples[0];
    return first ? this.since - first.at : 0;
  }
}

/** Growth per second of counters with names, between the last two answers some seconds apart. */
export class Growth {
  private readonly seen: { at: number; counts: Map<string, number> }[] = [];
  private node = "";

  take(node: string, at: number, counts: Iterable<readonly [string, number]>): void {
    if (node !== this.node) this.seen.length = 0;
    this.node = node;
    this.seen.push({ at, counts: new Map(counts) });
    while ((this.seen[1]?.at ?? at) <= at - 5) this.seen.shift();
  }

  perSecond(name: string): number {
    const [first] = this.seen;
    const last = this.seen.at(-1);
    if (!first || !last || last.at <= first.at) return 0;
    return Math.max(0, (last.counts.get(name) ?? 0) - (first.counts.get(name) ?? 0)) / (last.at - first.at);
  }
}
