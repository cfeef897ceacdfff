import uPlot from "uplot";
import sheet from "uplot/dist/uPlot.min.css?inline";

/** uPlot in its place on the page, following size and theme. */
export class Chart {
  readonly plot: uPlot;
  private readonly place: HTMLElement;
  private readonly watcher: ResizeObserver;
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");

  constructor(place: HTMLElement, options: Omit<uPlot.Options, "width" | "height">, data: uPlot.AlignedData) {
    this.place = place;
    adopt(place);
    const { clientWidth: width, clientHeight: height } = place;
    this.plot = new uPlot({ legend: { show: false }, padding: [8, 12, 0, 0], ...options, width, height }, data, place);
    this.watcher = new ResizeObserver(() => this.fit());
    this.watcher.observe(place);
    addEventListener("renown-theme", this.repaint);
    this.dark.addEventListener("change", this.repaint);
  }

  end(): void {
    this.watcher.disconnect();
    removeEventListener("renown-theme", this.repaint);
    this.dark.removeEventListener("change", this.repaint);
    this.plot.destroy();
  }

  private fit(): void {
    const { clientWidth: width, clientHeight: height } = this.place;
    if (width > 0) this.plot.setSize({ width, height });
  }

  private readonly repaint = (): void => this.plot.redraw(false, true);
}

/** What axes have in common. */
export const axisIn = (place: HTMLElement): uPlot.Axis => ({
  font: `12px ${getComputedStyle(place).fontFamily}`,
  stroke: () => colourIn(place, "--ink-faint"),
  grid: { stroke: () => colourIn(place, "--line"), width: 1 },
  ticks: { show: false },
});

/** A custom property of the page as a colour a canvas understands. */
export function colourIn(place: HTMLElement, property: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${property})`;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const style = new CSSStyleSheet();
// Until a chart has learnt of a new width it would hold its place, and with it the page, at the old one.
style.replaceSync(`${sheet} :has(> .uplot) { min-width: 0; overflow: hidden; }`);

/** Give the shadow root that the chart stands in the styles it needs. */
function adopt(place: HTMLElement): void {
  const root = place.getRootNode();
  if (root instanceof ShadowRoot && !root.adoptedStyleSheets.includes(style)) root.adoptedStyleSheets.push(style);
}
