import type { BoardRow } from "./types.ts";

const span = 60_000;

interface Sight {
  at: number;
  rank: number;
}

/** Remembers where each subject stood, to say how far it has moved within the last minute. */
export class Ranks {
  private readonly sights = new Map<string, Sight[]>();

  record(rows: readonly BoardRow[], now: number): void {
    const present = new Set<string>();
    for (const { subject, rank } of rows) {
      present.add(subject);
      const sights = this.sights.get(subject) ?? [];
      if (sights.at(-1)?.rank !== rank) sights.push({ at: now, rank });
      while (sights.length > 1 && (sights[1]?.at ?? now) <= now - span) sights.shift();
      this.sights.set(subject, sights);
    }
    for (const subject of this.sights.keys()) if (!present.has(subject)) this.sights.delete(subject);
  }

  /** Places gained (positive) or lost in the minute before `now`. */
  moved(subject: string, now: number): number {
    const sights = this.sights.get(subject) ?? [];
    const before = sights.findLast(({ at }) => at <= now - span) ?? sights[0];
    return (before?.rank ?? 0) - (sights.at(-1)?.rank ?? 0);
  }

  clear(): void {
    this.sights.clear();
  }
}
