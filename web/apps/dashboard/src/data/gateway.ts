/** The JSON of `GET /v1/gateway`. Counts are since the processes started, unless they are said to be of now. */
export interface GatewayView {
  /** Seconds since 1970, by the server's clock. */
  at: number;
  /** The process that answers. */
  node: string;
  /** All processes: everything else is theirs together. */
  nodes: Node[];
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

export interface Node {
  node: string;
  pid: number;
  /** Its number among the workers of a server; 0 for one of its own. */
  worker: number;
  version: string;
  /** In seconds. */
  uptime: number;
  connections: number;
  subscriptions: number;
  draining: boolean;
  leads: boolean;
  /** Of its figures, in seconds. */
  age: number;
}

/** Which processes an answer adds up: with others, counts begin anew. */
export const members = ({ nodes }: GatewayView): string =>
  nodes
    .map(({ node }) => node)
    .sort()
    .join();

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
  /** Since the sample before, as are those below. */
  publications: number;
  deliveries: number;
  left_out: number;
}

const span = 5 * 60;

/** The last minutes of all processes, put together from what each answer brings, whichever of them gave it. */
export class Course {
  private samples: Sample[] = [];

  /** The time after which samples are missing. */
  get since(): number {
    return this.samples.at(-1)?.at ?? 0;
  }

  take(view: GatewayView): void {
    this.samples.push(...view.samples.filter(({ at }) => at > this.since));
    const start = view.at - span;
    while ((this.samples[0]?.at ?? view.at) < start) this.samples.shift();
  }

  connections(): number[] {
    return this.samples.map(({ connections }) => connections);
  }

  /** What was counted per second between samples, oldest first. */
  rates(of: (sample: Sample) => number): number[] {
    return this.samples.slice(1).map((sample, index) => of(sample) / (sample.at - (this.samples[index]?.at ?? 0)));
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
  private whose = "";

  /** `whose` counts they are: those of others are not compared with them. */
  take(whose: string, at: number, counts: Iterable<readonly [string, number]>): void {
    if (whose !== this.whose) this.seen.length = 0;
    this.whose = whose;
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
