/** Scroll a row sideways until `chosen`, which stands in it, is on show; the page stays where it is. */
export function reveal(row: HTMLElement | null, chosen: HTMLElement | null): void {
  if (!row || !chosen) return;
  const left = chosen.offsetLeft - row.offsetLeft;
  const fits = left >= row.scrollLeft && left + chosen.offsetWidth <= row.scrollLeft + row.clientWidth;
  if (!fits) row.scrollLeft = left - (row.clientWidth - chosen.offsetWidth) / 2;
}
