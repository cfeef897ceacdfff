/** The JSON of what is under review and of guards in alarm, and the calls that read and decide. */
import { get, post, query } from "./http.ts";
import type { Answer } from "./types.ts";

export interface HeldEvent {
  seq: number;
  event: { id: string; type: string; subject: string; actor?: string | null; value?: number | null; occurred_at: string };
  /** `dispute`, `moderator` or `guard:<name>`. */
  why: string;
  held_at: string;
  /** When the hold ends by itself; absent where somebody has to decide. */
  until?: string;
  /** What share of its weight counts meanwhile. */
  share?: number;
  reasons?: string[];
}

export interface HeldPage {
  held: HeldEvent[];
  counts: Record<string, Record<string, number>>;
  before: number | null;
}

export interface Point {
  at: string;
  count: number;
}

export interface Incident {
  subject: string;
  guard: string;
  title: string;
  kind: string;
  action: "count" | "weigh" | "hold" | "reject";
  open: boolean;
  since: string;
  at: string;
  until: string;
  count: number;
  /** Null where the guard does not count. */
  expected: number | null;
  /** Length of the window; 0 where it is one of the last so many. */
  days: number;
  events: number;
  held: number;
  text: string;
  per: "day" | "event";
  course: Point[];
}

export interface Pile {
  subject: string;
  why: string;
  count: number;
  oldest: string;
  newest: string;
}

export interface Alert {
  subject: string;
  alert: string;
  title: string;
  severity: string;
  /** Whether it goes on until it clears; others are about a moment. Not told in `alerts:` channels. */
  lasting?: boolean;
  state: "fired" | "cleared";
  version: number;
  at: string;
  why: string;
}

export interface Incidents {
  incidents: Incident[];
  held: Pile[];
  alerts: Alert[];
}

export type Verb = "release" | "dismiss";

const most = 200;

export interface Scope {
  kind?: string | undefined;
  subject?: string | undefined;
}

export const held = (scope: Scope, limit: number, before?: number, signal?: AbortSignal): Promise<HeldPage> =>
  get(`/v1/held${query({ ...scope, limit, before })}`, signal);

export const incidents = (scope: Scope, signal?: AbortSignal): Promise<Incidents> =>
  get(`/v1/incidents${query({ ...scope })}`, signal);

/** The ids of everything of a subject that is held for one reason, however much it is. */
export async function idsOf({ subject, why }: Pick<Pile, "subject" | "why">): Promise<string[]> {
  const ids: string[] = [];
  let before: number | null = null;
  do {
    const page: HeldPage = await held({ subject }, most, before ?? undefined);
    ids.push(...page.held.filter((each) => each.why === why).map(({ event }) => event.id));
    before = page.before;
  } while (before !== null);
  return ids;
}

/** Decide on events, as many at once as the server takes; `done` hears of each answer. */
export async function decide(verb: Verb, ids: readonly string[], reason: string, done: (answers: Answer[]) => void): Promise<void> {
  for (let start = 0; start < ids.length; start += most) {
    const body = { ids: ids.slice(start, start + most), ...(reason ? { reason } : {}) };
    done(await post<Answer[]>(`/v1/held/${verb}`, body));
  }
}
