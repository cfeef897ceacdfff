import { count, finer, fixed, plural, words } from "../data/format.ts";
import type { KindInfo, Need, Progress, TierStep } from "../data/types.ts";

/** The tier that is held; undefined without one. */
export const heldOf = ({ steps }: Progress): TierStep | undefined => steps.find(({ held }) => held);

/** The tiers above the one that is held, the lowest first. */
export const above = ({ steps }: Progress): TierStep[] => steps.slice(steps.findIndex(({ held }) => held) + 1);

/** Whether something that it takes to keep the tier is missing. */
export const threatened = (progress: Progress): boolean => heldOf(progress)?.needs?.some(({ met }) => !met) ?? false;

/** What is asked for. */
export function asked({ what, part, of, at_most: most }: Need, kind: KindInfo | undefined): string {
  const named = part === undefined ? "" : (kind?.categories.find(({ name }) => name === part)?.title ?? words(part));
  switch (what) {
    case "score":
      return `${named || "Score"}${most ? ", at most" : ""}`;
    case "count":
      return named ? `Contributions to ${named}` : "Contributions";
    case "evidence":
      return "Contributions until a score is shown";
    case "lasting":
      return "Days without a break";
    case "event":
      return "Given by somebody";
    default:
      return `Of the last ${of ?? ""} ${what} enough`;
  }
}

/** How much of it there is. */
export function figures(need: Need, kind: KindInfo | undefined): string {
  if (need.what === "event") return need.met ? "given" : "not yet";
  const number = writer(need, kind);
  return need.met ? `${number(need.have)} (asks for ${number(need.need)})` : `${number(need.have)} of ${number(need.need)}`;
}

/** How far it is from being enough, or how much there is to spare. */
export function distance(need: Need, kind: KindInfo | undefined): string {
  if (need.what === "event") return "";
  const number = writer(need, kind);
  const far = number(Math.abs(need.need - need.have));
  if (!need.met) return `${far} ${need.at_most ? "too much" : need.what === "lasting" ? "to go" : "missing"}`;
  return need.have === need.need ? "just enough" : `${far} to spare`;
}

/** How much of what is asked for is there, 0 to 1. */
export function part({ have, need, met, at_most: most, what, part: name }: Need, kind: KindInfo | undefined): number {
  if (met) return 1;
  const ground = what === "score" ? (scaleOf(name, kind)?.min ?? 0) : 0;
  const share = most ? (need - ground) / (have - ground) : (have - ground) / (need - ground);
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
}

/** In one line: the first of what is missing, or what is the closest to being so. */
export function brief({ needs = [] }: TierStep, kind: KindInfo | undefined): string {
  const missing = needs.filter(({ met }) => !met);
  const [first] = missing.length > 0 ? missing : needs.toSorted((a, b) => margin(a) - margin(b));
  if (!first) return "";
  const more = missing.length > 1 ? `, and ${plural(missing.length - 1, "thing")} more` : "";
  return `${asked(first, kind)}: ${figures(first, kind)}${more}`;
}

const margin = ({ have, need }: Need): number => Math.abs(have - need) / Math.max(1e-9, Math.abs(need));

function writer({ what, part: name }: Need, kind: KindInfo | undefined): (value: number) => string {
  if (what === "score") return (value) => fixed(value, finer(scaleOf(name, kind)?.decimals ?? 2));
  return (value) => (Number.isInteger(value) ? count(value) : fixed(value, 1));
}

const scaleOf = (name: string | undefined, kind: KindInfo | undefined): KindInfo["scale"] | undefined =>
  kind?.categories.find((category) => category.name === name)?.scale ?? kind?.scale;
