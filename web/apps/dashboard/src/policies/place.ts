/**
 * The line of a policy's TOML, from 1, that a problem is about: `path` is the dotted path of a key, such as
 * `guards[0].windows[1]`. What is not written in the file is looked for at the table it would stand in.
 */
export function lineOf(text: string, path: string | undefined, detail: string): number | null {
  const told = /\(at line (\d+)/.exec(detail)?.[1];
  if (told !== undefined) return Number(told);
  if (!path) return null;
  const wanted = path.split(".");
  const at = places(text);
  for (let length = wanted.length; length > 0; length--) {
    const part = wanted.slice(0, length).join(".");
    const found = at.get(part) ?? at.get(part.replace(/\[\d+\]$/, ""));
    if (found !== undefined) return found;
  }
  return null;
}

/** The line on which each key and table begins. */
function places(text: string): Map<string, number> {
  const found = new Map<string, number>();
  const counts = new Map<string, number>();
  let table = "";
  text.split("\n").forEach((line, index) => {
    const list = /^\s*\[\[\s*([^\]]+?)\s*\]\]/.exec(line)?.[1];
    const plain = /^\s*\[\s*([^[\]]+?)\s*\]/.exec(line)?.[1];
    const key = /^\s*("[^"]*"|[\w-]+(?:\.[\w-]+)*)\s*=/.exec(line)?.[1];
    if (list !== undefined) {
      const name = numbered(list, counts, found);
      const next = counts.get(name) ?? 0;
      counts.set(name, next + 1);
      table = `${name}[${next}]`;
      found.set(table, index + 1);
    } else if (plain !== undefined) {
      table = numbered(plain, counts, found);
      found.set(table, index + 1);
    } else if (key !== undefined) {
      const name = key.replaceAll('"', "");
      const whole = table ? `${table}.${name}` : name;
      if (!found.has(whole)) found.set(whole, index + 1);
      for (const inner of line.slice(line.indexOf("=")).matchAll(/[{,]\s*([\w-]+)\s*=/g)) {
        if (!found.has(`${whole}.${inner[1]}`)) found.set(`${whole}.${inner[1]}`, index + 1);
      }
    }
  });
  return found;
}

/** A table below items of a list means the last of them: `rules.review.weights` as `rules.review.weights[1]`. */
function numbered(name: string, counts: ReadonlyMap<string, number>, known: ReadonlyMap<string, number>): string {
  const parts = name.split(".").map((part) => part.trim().replaceAll('"', ""));
  let whole = "";
  parts.forEach((part, index) => {
    whole = whole ? `${whole}.${part}` : part;
    const items = counts.get(whole);
    if (items !== undefined && index < parts.length - 1 && known.size > 0) whole = `${whole}[${items - 1}]`;
  });
  return whole;
}

/** The text with another version. */
export const withVersion = (text: string, version: number): string =>
  text.replace(/^(\s*version\s*=\s*)\d+/m, (_, head: string) => `${head}${version}`);
