import uPlot from "uplot";
import type { Bin } from "../data/policies.ts";
import { axisIn, Chart, colourIn } from "../parts/chart.ts";

/** How many scores change by how much: falling ones and rising ones in their colours. */
export const histogram = (place: HTMLElement, bins: readonly Bin[]): Chart => new Chart(place, options(place, bins), data(bins));

function options(place: HTMLElement, bins: readonly Bin[]): Omit<uPlot.Options, "width" | "height"> {
  const axis = axisIn(place);
  const series = (colour: string): uPlot.Series =>
    ({
      fill: () => colourIn(place, colour),
      width: 0,
      points: { show: false },
      paths: uPlot.paths.bars?.({ size: [0.86, 60] }) ?? null,
    }) as uPlot.Series;
  const step = (bins[0]?.high ?? 1) - (bins[0]?.low ?? 0);
  return {
    cursor: { show: false },
    scales: {
      x: { time: false, range: (_, low, high) => [low - step / 2, high + step / 2] },
      y: { range: (_, __, high) => [0, Math.max(1, high * 1.1)] },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 60, values: (_, splits) => splits.map(change) },
      { ...axis, size: 46, space: 30, values: (_, splits) => splits.map(whole) },
    ],
    series: [{}, series("--down"), series("--up")],
  };
}

const whole = (value: number): string => (Number.isInteger(value) ? String(value) : "");

const change = (value: number): string => `${value > 0 ? "+" : ""}${Number(value.toPrecision(3))}`.replace("-", "\u2212");

/** The middle of each bar, those below zero, those above. */
function data(bins: readonly Bin[]): uPlot.AlignedData {
  const middles = bins.map(({ low, high }) => (low + high) / 2);
  const part = (mine: (middle: number) => boolean): (number | null)[] =>
    bins.map(({ subjects }, index) => (mine(middles[index] ?? 0) ? subjects : null));
  return [middles, part((middle) => middle < 0), part((middle) => middle >= 0)];
}
