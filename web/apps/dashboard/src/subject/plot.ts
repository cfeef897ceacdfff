import uPlot from "uplot";
import { axisIn, Chart, colourIn } from "../parts/chart.ts";
import type { Scores } from "./scores.ts";

type Read = (at: number | null, score: number | null) => void;

/** The course of a score; `read` is told what is pointed at. */
export class Plot {
  private readonly chart: Chart;

  constructor(place: HTMLElement, scores: Scores, read: Read) {
    this.chart = new Chart(place, options(place, read), scores);
  }

  /** Take over a new course; who looks at a part of it goes on looking at that part. */
  show(scores: Scores): void {
    const { plot } = this.chart;
    const { min, max } = plot.scales.x ?? {};
    const times = plot.data[0];
    const [first, last] = span(times[0] ?? null, times.at(-1) ?? null);
    const whole = min === first && max === last;
    plot.setData(scores, whole);
    if (!whole) plot.redraw();
  }

  end(): void {
    this.chart.end();
  }
}

function options(place: HTMLElement, read: Read): Omit<uPlot.Options, "width" | "height"> {
  const axis = axisIn(place);
  return {
    cursor: { y: false, drag: { x: true, y: false }, points: { size: 8 } },
    scales: {
      x: { range: ({ data: [times] }, first, last) => (instant(times) ? span(times[0] ?? 0, times[0] ?? 0) : span(first, last)) },
      y: { range: (_, low, high) => roomy(low, high) },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 90, size: (_, labels) => (twoLines(labels) ? 46 : 30), values: (_, splits, __, ___, step) => dates(splits, step) },
      { ...axis, size: 46, space: 40 },
    ],
    series: [
      {},
      {
        stroke: () => colourIn(place, "--accent"),
        fill: () => fade(colourIn(place, "--accent")),
        width: 2,
        points: { show: false },
        paths: uPlot.paths.stepped?.({ align: 1 }) ?? null,
      } as uPlot.Series,
    ],
    hooks: {
      setCursor: [
        ({ cursor: { idx }, data: [times, scores] }) => read(idx == null ? null : (times[idx] ?? null), idx == null ? null : (scores?.[idx] ?? null)),
      ],
    },
  };
}

const twoLines = (labels: readonly string[] | null): boolean => labels?.some((label) => label.includes("\n")) ?? false;

const daily = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const monthly = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric" });
const hourly = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Labels of the time axis: as coarse as its `step`, in seconds, and with the day where it begins. */
function dates(splits: readonly number[], step: number): string[] {
  const format = step >= 86_400 * 28 ? monthly : step >= 86_400 ? daily : step >= 60 ? hourly : exact;
  let day = "";
  return splits.map((split) => {
    const text = format.format(split * 1000);
    const today = daily.format(split * 1000);
    const same = today === day || step >= 86_400;
    day = today;
    return same ? text : `${text}\n${today}`;
  });
}

/** Whether all happened at one moment: uPlot makes years of that. */
const instant = (times: ArrayLike<number>): boolean => times.length > 0 && times[0] === times[times.length - 1];

/** Seconds that the time axis shows at least: its labels have no more than whole ones. */
const shortest = 10;

/** From the first to the last moment, in seconds, with some time around moments that are close together. */
const span = (first: number | null, last: number | null): [number, number] => {
  const [from, to] = [first ?? 0, last ?? 1];
  const room = Math.max(0, shortest - (to - from)) / 2;
  return [from - room, to + room];
};

const roomy = (low: number | null, high: number | null): [number, number] => {
  const [bottom, top] = [low ?? 0, high ?? 1];
  const room = Math.max(0.05, (top - bottom) * 0.12);
  return [bottom - room, top + room];
};

const fade = (colour: string): string => `color-mix(in srgb, ${colour} 10%, transparent)`;
