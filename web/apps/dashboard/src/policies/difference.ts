/** A line of two texts: in both, only in the older or only in the newer; with its number where it stands. */
export interface Line {
  way: "same" | "gone" | "new";
  before: number | null;
  after: number | null;
  text: string;
  /** The text in parts: those that the line it replaces, or was replaced by, does not have are marked. */
  parts?: Part[];
}

export interface Part {
  text: string;
  marked: boolean;
}

/** Lines of which some differ, or how many that are the same are left out. */
export type Piece = { lines: Line[] } | { left: number };

/** What is the same and what is not, line by line, with as much in common as can be. */
export const compare = (before: string, after: string): Line[] => paired(aligned(before.split("\n"), after.split("\n")));

/** Lines, or words, as they stand in both or in one of two lists. */
function aligned(a: readonly string[], b: readonly string[]): Line[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const common = (text: string, i: number, j: number): Line => ({ way: "same", before: i + 1, after: j + 1, text });
  const [end, stop] = [a.length - tail, b.length - tail];
  return [
    ...a.slice(0, head).map((text, i) => common(text, i, i)),
    ...between(a, b, head, [end, stop]),
    ...a.slice(end).map((text, i) => common(text, end + i, stop + i)),
  ];
}

/** What stands from `start` on to the ends, by the longest common subsequence. */
function between(a: readonly string[], b: readonly string[], start: number, [end, stop]: readonly [number, number]): Line[] {
  const wide = stop - start + 1;
  // How much the rests from i and j on have in common.
  const most = new Uint32Array((end - start + 1) * wide);
  const at = (i: number, j: number): number => most[(i - start) * wide + j - start] ?? 0;
  for (let i = end - 1; i >= start; i--)
    for (let j = stop - 1; j >= start; j--)
      most[(i - start) * wide + j - start] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: Line[] = [];
  let [i, j] = [start, start];
  while (i < end || j < stop) {
    if (i < end && j < stop && a[i] === b[j]) lines.push({ way: "same", before: ++i, after: ++j, text: a[i - 1] ?? "" });
    else if (i < end && (j === stop || at(i + 1, j) >= at(i, j + 1))) lines.push({ way: "gone", before: ++i, after: null, text: a[i - 1] ?? "" });
    else lines.push({ way: "new", before: null, after: ++j, text: b[j - 1] ?? "" });
  }
  return lines;
}

/** Mark in what is replaced where it differs: the first line that is gone by the first that is new, and so on. */
function paired(lines: Line[]): Line[] {
  for (let from = 0; from < lines.length; from++) {
    if (lines[from]?.way === "same") continue;
    let to = from;
    while (to < lines.length && lines[to]?.way !== "same") to++;
    const block = lines.slice(from, to);
    const fresh = block.filter(({ way }) => way === "new");
    block.filter(({ way }) => way === "gone").forEach((old, index) => mark(old, fresh[index]));
    from = to;
  }
  return lines;
}

const words = (text: string): string[] => text.match(/[\w.]+|\s+|./g) ?? [];

function mark(old: Line, fresh: Line | undefined): void {
  if (!fresh) return;
  const all = aligned(words(old.text), words(fresh.text));
  const common = all.filter(({ way, text }) => way === "same" && /\w/.test(text)).length;
  // Lines without a word in common replace each other by chance.
  if (common === 0) return;
  const parts = (way: Line["way"]): Part[] =>
    all.filter((word) => word.way === "same" || word.way === way).map((word) => ({ text: word.text, marked: word.way === way }));
  old.parts = parts("gone");
  fresh.parts = parts("new");
}

/** The lines that differ with `around` lines before and after them; longer stretches of the same are left out. */
export function pieces(lines: readonly Line[], around = 3): Piece[] {
  const near = lines.map(() => false);
  lines.forEach(({ way }, index) => {
    if (way !== "same") near.fill(true, Math.max(0, index - around), index + around + 1);
  });
  const found: Piece[] = [];
  lines.forEach((line, index) => {
    const last = found.at(-1);
    // A line in place of a line saves nothing.
    const shown = near[index] || (near[index - 1] !== false && near[index + 1] !== false);
    if (shown && last && "lines" in last) last.lines.push(line);
    else if (shown) found.push({ lines: [line] });
    else if (last && "left" in last) last.left++;
    else found.push({ left: 1 });
  });
  return found;
}
