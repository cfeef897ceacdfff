import { millis } from "../data/format.ts";
import type { Activity, HistoryPoint } from "../data/types.ts";

/** Times in seconds and the score after each of them, oldest first. */
export type Scores = [number[], number[]];

/**
 * The course of a score: what is known of the past and what has come since, newest first. Of several changes at one
 * moment the last is told: a chart has one height for each moment.
 */
export function scoresOf(past: readonly HistoryPoint[], fresh: readonly Activity[]): Scores {
  const known = past.at(-1)?.version ?? 0;
  const points = [...past, ...fresh.filter(({ version }) => version > known).toReversed()].map(({ at, score }) => [millis(at) / 1000, score] as const);
  points.sort(([a], [b]) => a - b);
  const last = new Map(points);
  return [[...last.keys()], [...last.values()]];
}
