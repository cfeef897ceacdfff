const reduced = matchMedia("(prefers-reduced-motion: reduce)");

/** True when nothing should move: the visitor asked for it, or nobody is looking. */
export const still = (): boolean => reduced.matches || document.hidden;

/** A short wash of colour behind something that has just changed. */
export function flash(element: Element, way: number): void {
  if (still()) return;
  const wash = `var(${way < 0 ? "--down-wash" : "--up-wash"})`;
  element.animate([{ backgroundColor: wash }, { backgroundColor: wash, offset: 0.3 }, { backgroundColor: "transparent" }], {
    duration: 1_400,
    easing: "ease-out",
  });
}

/**
 * Lets rows glide to their new places: `first` before they are drawn anew, `play` after.
 * Rows are recognised by `data-key`.
 */
export class Flip {
  private before = new Map<string, number>();
  private readonly running = new Map<string, Animation>();

  first(root: ParentNode): void {
    this.before = tops(root);
  }

  play(root: ParentNode): void {
    if (this.before.size === 0) return;
    for (const animation of this.running.values()) animation.cancel();
    this.running.clear();
    if (still()) return;
    for (const row of rows(root)) {
      const key = row.dataset.key ?? "";
      const was = this.before.get(key);
      const by = was === undefined ? 0 : was - row.getBoundingClientRect().top - scrollY;
      if (was === undefined) this.run(key, row, [{ opacity: 0 }, { opacity: 1 }]);
      else if (Math.abs(by) > 1) this.run(key, row, [{ transform: `translateY(${by}px)` }, { transform: "none" }]);
    }
    this.before.clear();
  }

  private run(key: string, row: HTMLElement, frames: Keyframe[]): void {
    const animation = row.animate(frames, { duration: 420, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" });
    animation.onfinish = () => this.running.delete(key);
    this.running.set(key, animation);
  }
}

const rows = (root: ParentNode): NodeListOf<HTMLElement> => root.querySelectorAll<HTMLElement>("[data-key]");

const tops = (root: ParentNode): Map<string, number> =>
  new Map(Array.from(rows(root), (row) => [row.dataset.key ?? "", row.getBoundingClientRect().top + scrollY]));
