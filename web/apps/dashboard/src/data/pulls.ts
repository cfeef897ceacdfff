import type { Explanation } from "./types.ts";

export interface Pulls {
  /** One for each line, in the score's unit. */
  lines: number[];
  older: number;
  prior: number;
}

/**
 * Which way each part of an explanation pulls the score, and how hard.
 *
 * A mean is a balance: an event pulls by its share times the distance of its value from the score, and all
 * pulls together with the starting point's cancel out. Where points are counted every share is 1 and
 * an event pulls by what it adds.
 */
export function pullsOf({ lines, prior, score, points_of_older: older, cursor }: Explanation): Pulls {
  if (lines.some(({ share }) => share >= 1)) {
    return { lines: lines.map(({ points }) => points), older, prior: prior?.points ?? 0 };
  }
  const pulls = lines.map(({ share, value }) => share * (value - score));
  const start = prior && prior.value !== 0 ? prior.points * (1 - score / prior.value) : 0;
  const rest = cursor === null ? 0 : -pulls.reduce((sum, pull) => sum + pull, start);
  return { lines: pulls, older: rest, prior: start };
}
