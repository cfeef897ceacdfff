import uPlot from "uplot";
import sheet from "uplot/dist/uPlot.min.css?inline";
import type { Course } from "./score-chart.ts";

type Read = (at: number | null, score: number | null) => void;

/** uPlot, dressed in the page's colours, filling its place and following theme and size. */
export class Plot {
  private readonly place: HTMLElement;
  private readonly chart: uPlot;
  private readonly watcher: ResizeObserver;
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");

  constructor(place: HTMLElement, course: Course, read: Read) {
    this.place = place;
    adopt(place);
    const cover = getComputedStyle(place);
    this.chart = new uPlot(this.options(cover.fontFamily, read), course, place);
    this.watcher = new ResizeObserver(() => this.fit());
    this.watcher.observe(place);
    addEventListener("renown-theme", this.repaint);
    this.dark.addEventListener("change", this.repaint);
  }

  /** Take over a new course; who looks at a part of it goes on looking at that part. */
  show(course: Course): void {
    const { min, max } = this.chart.scales.x ?? {};
    const times = this.chart.data[0];
    const [first, last] = span(times[0] ?? null, times.at(-1) ?? null);
    const whole = min === first && max === last;
    this.chart.setData(course, whole);
    if (!whole) this.chart.redraw();
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

  private colour(property: string): string {
    return colourIn(this.place, property);
  }

  private options(family: string, read: Read): uPlot.Options {
    const font = `12px ${family}`;
    const axis: uPlot.Axis = {
      font,
      stroke: () => this.colour("--ink-faint"),
      grid: { stroke: () => this.colour("--line"), width: 1 },
      ticks: { show: false },
    };
    return {
      width: this.place.clientWidth,
      height: this.place.clientHeight,
      legend: { show: false },
      padding: [8, 12, 0, 0],
      cursor: { y: false, drag: { x: true, y: false }, points: { size: 8 } },
      scales: { x: { range: (chart, first, last) => (instant(chart.data[0]) ? span(chart.data[0][0] ?? 0, chart.data[0][0] ?? 0) : span(first, last)) }, y: { range: (_, low, high) => roomy(low, high) } },
      axes: [
        { ...axis, grid: { show: false }, space: 90, size: (_, labels) => (twoLines(labels) ? 46 : 30), values: (_, splits, __, ___, step) => dates(splits, step) },
        { ...axis, size: 46, space: 40 },
      ],
      series: [
        {},
        {
          stroke: () => this.colour("--accent"),
          fill: () => fade(this.colour("--accent")),
          width: 2,
          points: { show: false },
          paths: uPlot.paths.stepped?.({ align: 1 }) ?? null,
        } as uPlot.Series,
      ],
      hooks: {
        setCursor: [
          (chart) => {
            const index = chart.cursor.idx;
            read(index == null ? null : (chart.data[0][index] ?? null), index == null ? null : (chart.data[1]?.[index] ?? null));
          },
        ],
      },
    };
  }
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

/** A custom property of the page as a colour a canvas understands. */
export function colourIn(place: HTMLElement, property: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${property})`;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

export function adopt(place: HTMLElement): void {
  const root = place.getRootNode();
  if (!(root instanceof ShadowRoot)) return;
  const style = new CSSStyleSheet();
  style.replaceSync(sheet);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, style];
}
