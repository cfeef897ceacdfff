import { inTime, millis, words } from "../data/format.ts";
import type { HeldEvent, Pile } from "../data/review.ts";

/** The guard's name in `guard:<name>`, or null. */
export const guardOf = (why: string): string | null => (why.startsWith("guard:") ? why.slice(6) : null);

/** Who holds it, in words; `title` is what a guard is called, where that is known. */
export function whyWords(why: string, title?: string): string {
  const guard = guardOf(why);
  if (guard !== null) return title || words(guard);
  return why === "dispute" ? "Disputed" : why === "moderator" ? "Held by a moderator" : words(why);
}

/** What happens when the time is up, with the time that is left. */
export function deadline({ until, why }: Pick<HeldEvent, "until" | "why">, now: number): string {
  if (until === undefined) return why === "dispute" ? "until it is resolved" : "until somebody decides";
  const left = inTime(millis(until), now);
  return why === "dispute" ? `${left} to resolve it` : `counts again in ${left}`;
}

export interface Group {
  key: string;
  subject: string;
  why: string;
  /** All of them, also those that are not loaded. */
  count: number;
  events: HeldEvent[];
}

/** What is held, put together by subject and reason, the newest first. */
export function groups(held: readonly HeldEvent[], piles: readonly Pile[]): Group[] {
  const found = new Map<string, Group>();
  for (const each of held) {
    const { subject } = each.event;
    const key = `${subject} ${each.why}`;
    const group = found.get(key) ?? { key, subject, why: each.why, count: 0, events: [] };
    group.events.push(each);
    found.set(key, group);
  }
  for (const group of found.values()) {
    const pile = piles.find(({ subject, why }) => subject === group.subject && why === group.why);
    group.count = Math.max(group.events.length, pile?.count ?? 0);
  }
  return [...found.values()];
}
