/** The JSON that a Renown server's own channels carry. */

export interface CategoryScore {
  readonly score: number;
  readonly count: number;
}

/** The public view of a standing. */
export interface Standing {
  readonly subject: string;
  /** Grows by one with every applied change. */
  readonly version: number;
  readonly score: number;
  readonly low: number;
  readonly high: number;
  /** How many contributions the score rests on. */
  readonly count: number;
  readonly categories: Readonly<Record<string, CategoryScore>>;
  readonly tier: string | null;
  readonly badges: readonly string[];
  readonly status: string;
  /** True until there is enough evidence to show a number. */
  readonly provisional: boolean;
  readonly updated_at: string;
  readonly cause: { readonly type: string; readonly delta: number } | null;
  /** Contributions under review; absent when there are none. */
  readonly held?: number;
  /** When the status will change by itself; absent when it will not. */
  readonly status_until?: string;
}

export interface BoardRow {
  readonly rank: number;
  readonly subject: string;
  readonly score: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
  readonly tier: string | null;
  readonly version: number;
  readonly provisional: boolean;
}

export interface Board {
  readonly board: string;
  readonly rows: readonly BoardRow[];
}
