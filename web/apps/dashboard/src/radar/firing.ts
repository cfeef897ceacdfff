import type { Alert } from "../data/review.ts";

/** What tells one firing or clearing from all others. */
export const keyOf = ({ subject, alert, version, state }: Alert): string => `${subject} ${alert} ${version} ${state}`;

/** The newest word on each alert, where that is that it fired; `alerts` has the newest first. */
export function firingOf(alerts: readonly Alert[]): Alert[] {
  const newest = new Map<string, Alert>();
  for (const each of alerts) {
    const about = `${each.subject} ${each.alert}`;
    if (!newest.has(about)) newest.set(about, each);
  }
  return [...newest.values()].filter(({ state, lasting }) => state === "fired" && lasting === true);
}
