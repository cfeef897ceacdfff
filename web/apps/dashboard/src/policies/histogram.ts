import uPlot from "uplot";
import type { Bin } from "../data/policies.ts";
import { adopt, colourIn } from "../subject/plot.ts";

const whole = (value: number): string => (Number.isInteger(value) ? String(value) : "");

/** How many scores change by how much: falling ones and rising ones in their colours. */
export class Histogram {
  private readonly place: HTMLElement;
  private readonly chart: uPlot;
  private readonly watcher: ResizeObserver;
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");

  constructor(place: HTMLElement, bins: readonly Bin[]) {
    this.place = place;
    adopt(place);
    this.chart = new uPlot(this.options(bins), data(bins), place);
    this.watcher = new ResizeObserver(() => this.fit());
    this.watcher.observe(place);
    addEventListener("renown-theme", this.repaint);
    this.dark.addEventListener("change", this.repaint);
  }

  end(): void {
    this.watcher.disconnect();
    removeEventListener("renown-theme", this.repaint);
    this.dark.removeEventListener("change", this.repaint);
    this.chart.destroy();
  }

  private fit(): void {
    const { clientWidth: width, clientHeight: height } = this.place;
    if (width > 0) this.chart.setSize({ width, height });
  }

  private readonly repaint = (): void => this.chart.redraw(false, true);

  private options(bins: readonly Bin[]): uPlot.Options {
    const axis: uPlot.Axis = {
      font: `12px ${getComputedStyle(this.place).fontFamily}`,
      stroke: () => colourIn(this.place, "--ink-faint"),
      grid: { stroke: () => colourIn(this.place, "--line"), width: 1 },
      ticks: { show: false },
    };
    const bars = uPlot.paths.bars?.({ size: [0.86, 60] }) ?? null;
    const series = (colour: string): uPlot.Series => ({
      fill: () => colourIn(this.place, colour),
      width: 0,
      points: { show: false },
      paths: bars,
    }) as uPlot.Series;
    const step = (bins[0]?.high ?? 1) - (bins[0]?.low ?? 0);
    return {
      width: this.place.clientWidth,
      height: this.place.clientHeight,
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 12, 0, 0],
      scales: {
        x: { time: false, range: (_, low, high) => [low - step / 2, high + step / 2] },
        y: { range: (_, __, high) => [0, Math.max(1, high * 1.1)] },
      },
      axes: [
        { ...axis, grid: { show: false }, space: 60, values: (_, splits) => splits.map((split) => `${split > 0 ? "+" : ""}${Number(split.toPrecision(3))}`.replace("-", "\u2212")) },
        { ...axis, size: 46, space: 30, values: (_, splits) => splits.map(whole) },
      ],
      series: [{}, series("--down"), series("--up")],
    };
  }
}

/** The middle of each bar, those below zero, those above. */
function data(bins: readonly Bin[]): uPlot.AlignedData {
  const middles = bins.map(({ low, high }) => (low + high) / 2);
  const part = (mine: (middle: number) => boolean): (number | null)[] =>
    bins.map(({ subjects }, index) => (mine(middles[index] ?? 0) ? subjects : null));
  return [middles, part((middle) => middle < 0), part((middle) => middle >= 0)];
}
