import type { Activity } from "./types.ts";

/** A change in the feed, or `skipped` changes that came too fast to be listed one by one. */
export interface FeedItem {
  key: string;
  change: Activity;
  skipped: number;
}

const keyOf = (change: Activity): string => `${change.subject}#${change.version}`;

/** The newest changes, newest first, without repeats and bounded. */
export class FeedList {
  items: FeedItem[] = [];
  private readonly limit: number;
  private readonly known = new Set<string>();
  private offset: number | undefined;

  constructor(limit = 60) {
    this.limit = limit;
  }

  /** Take over what a feed publication brings. Returns how many changes are new. */
  take(changes: readonly Activity[], offset: number | undefined): number {
    const fresh = changes.filter((change) => !this.known.has(keyOf(change)));
    const advanced = this.offset === undefined || offset === undefined ? 0 : offset - this.offset;
    this.offset = offset;
    const items = fresh.map((change) => ({ key: keyOf(change), change, skipped: 0 }));
    const oldest = items.at(-1);
    const all = fresh.length === changes.length;
    if (oldest && all && advanced > fresh.length) oldest.skipped = advanced - fresh.length;
    this.items = [...items, ...this.items].slice(0, this.limit);
    this.known.clear();
    for (const { key } of this.items) this.known.add(key);
    return fresh.length;
  }

  clear(): void {
    this.items = [];
    this.known.clear();
    this.offset = undefined;
  }
}
