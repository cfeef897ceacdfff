/** How fast a growing counter grows, second by second, over a short window. */
export class Rate {
  private readonly seconds: number;
  private readonly samples: { at: number; total: number }[] = [];

  constructor(seconds: number) {
    this.seconds = seconds;
  }

  record(total: number, now: number): void {
    this.samples.push({ at: now, total });
    const start = now - this.seconds * 1000;
    while ((this.samples[1]?.at ?? now) < start) this.samples.shift();
  }

  /** Growth per second over the last `span` ms. */
  perSecond(now: number, span = 5_000): number {
    const first = this.totalAt(now - span);
    const last = this.samples.at(-1);
    const since = Math.max(now - span, this.samples[0]?.at ?? now);
    if (first === undefined || !last || now <= since) return 0;
    return ((last.total - first) * 1000) / Math.max(1000, now - since);
  }

  /** Growth in each second of the window, oldest first. */
  bars(now: number): number[] {
    const bars: number[] = [];
    for (let second = this.seconds; second > 0; second--) {
      const from = this.totalAt(now - second * 1000);
      const to = this.totalAt(now - (second - 1) * 1000);
      bars.push(from === undefined || to === undefined ? 0 : to - from);
    }
    return bars;
  }

  private totalAt(time: number): number | undefined {
    return (this.samples.findLast(({ at }) => at <= time) ?? this.samples[0])?.total;
  }
}
