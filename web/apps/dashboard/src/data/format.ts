import type { Info, KindInfo, Scale } from "./types.ts";

const minus = "\u2212";
const whole = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const formats = new Map<number, Intl.NumberFormat>();

/** A number with exactly `decimals` places and a true minus sign; no minus on a rounded zero. */
export function fixed(value: number, decimals: number): string {
  let format = formats.get(decimals);
  if (!format) {
    format = new Intl.NumberFormat("en", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      signDisplay: "negative",
    });
    formats.set(decimals, format);
  }
  return format.format(value).replace("-", minus);
}

/** A change: always with its sign, ±0 when it rounds to nothing. */
export function signed(value: number, decimals: number): string {
  const text = fixed(Math.abs(value), decimals);
  if (Number(text.replaceAll(",", "")) === 0) return `\u00b1${text}`;
  return `${value < 0 ? minus : "+"}${text}`;
}

/** An event's value as it was given, to one decimal. */
export const given = (value: number): string => fixed(value, Number.isInteger(value) ? 0 : 1);

/** Decimals of parts and changes of a score: one more than its own, so that small ones are not nothing. */
export const finer = (decimals: number): number => (decimals === 0 ? 0 : decimals + 1);

export const count = (value: number): string => whole.format(value);

export const plural = (value: number, one: string): string => `${count(value)} ${value === 1 ? one : `${one}s`}`;

/** A rate or amount in three digits: `0.4`, `12`, `3,400`, `1.2M`. */
export const brief = (value: number): string =>
  value < 10 ? fixed(value, Number.isInteger(value) ? 0 : 1) : value < 100_000 ? whole.format(Math.round(value)) : compact.format(value);

/** A size in bytes as people read it. */
export const size = (bytes: number): string =>
  bytes < 1024 ? `${bytes} B` : bytes < 1024 ** 2 ? `${fixed(bytes / 1024, 1)} KiB` : `${fixed(bytes / 1024 ** 2, 1)} MiB`;

/** A short time, given in seconds: `0.42 ms`, `12 ms`, `1.3 s`. */
export function duration(seconds: number): string {
  const ms = seconds * 1000;
  if (ms >= 1000) return `${fixed(seconds, 1)} s`;
  return `${fixed(ms, ms < 1 ? 2 : ms < 10 ? 1 : 0)} ms`;
}

/** Milliseconds of a time as the API writes it, RFC 3339. */
export const millis = (at: string): number => Date.parse(at);

export const timeOfDay = (at: number): string => clock.format(at);

export const moment = (at: number): string => `${date.format(at)}, ${clock.format(at)}`;

/** How long ago, in one short word. */
export function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 2) return "now";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  if (seconds < 86_400 * 60) return `${Math.floor(seconds / 86_400)} d`;
  return date.format(at);
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** How long until then, in at most two units; "a moment" when it is now or over. */
export function inTime(at: number, now: number): string {
  const left = at - now;
  if (left < minute) return "a moment";
  if (left < hour) return `${Math.floor(left / minute)} min`;
  if (left < day) return two(Math.floor(left / hour), "h", Math.floor((left % hour) / minute), "min");
  return two(Math.floor(left / day), "d", Math.floor((left % day) / hour), "h");
}

const two = (big: number, unit: string, small: number, lesser: string): string =>
  small > 0 && big < 10 ? `${big} ${unit} ${small} ${lesser}` : `${big} ${unit}`;

export interface KeyParts {
  kind: string;
  id: string;
}

export function parts(subject: string): KeyParts {
  const colon = subject.indexOf(":");
  return { kind: subject.slice(0, colon), id: subject.slice(colon + 1) };
}

/** `late_shipment` as people read it. */
export const words = (name: string): string => name.replaceAll(/[_-]+/g, " ");

export function kindOf(info: Info | null, subject: string): KindInfo | undefined {
  const { kind } = parts(subject);
  return info?.kinds.find((each) => each.kind === kind);
}

/** What an event type is called, by its policy where that is known. */
export const typeTitle = (kind: KindInfo | undefined, type: string): string =>
  kind?.types.find((each) => each.type === type)?.title || (reserved[type] ?? words(type));

const reserved: Record<string, string> = {
  amend: "Amended to",
  retract: "Taken back",
  dispute: "Disputed",
  resolve: "Resolved",
  hold: "Held",
  release: "Let count",
  dismiss: "Dismissed",
  "renown.time": "Time passed",
  "renown.policy": "New rules",
};

/**
 * What the server says in a sentence, for people: names of event types of `kind` as they are called, others without
 * the marks around them, times in words, and no more decimals than say something.
 */
export const said = (sentence: string, kind?: KindInfo): string =>
  sentence
    .replaceAll(/`([^`]*)`/g, (_, name: string) => kind?.types.find(({ type }) => type === name)?.title || name)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (at) => moment(millis(at)))
    .replaceAll(/\d+\.\d{4,}/g, (number) => String(Number(Number(number).toFixed(3)) || Number(Number(number).toPrecision(1))));

export const decimalsOf = (info: Info | null, subject: string): number => kindOf(info, subject)?.scale.decimals ?? 2;

/** Where `value` lies between the ends of an axis, 0…1. */
export function position(value: number, [low, high]: readonly [number, number]): number {
  return high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5;
}

const wide = 1_000;

/**
 * The ends of the axis a score is drawn on: those of the policy's scale. A scale that is as good as
 * open, such as one of points, ends at the next round number above `highest`.
 */
export function axis(scale: Scale | undefined, highest: number): readonly [number, number] {
  const { min, max } = scale ?? { min: 0, max: 1 };
  return max - min <= wide ? [min, max] : [min, Math.min(max, roundAbove(highest))];
}

function roundAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(10, value)));
  return power * ([1, 2, 5, 10].find((step) => step * power > value) ?? 10);
}
