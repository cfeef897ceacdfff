import type { Activity, Entry } from "./types.ts";

/** What the server tells of an event: all of it for an API key, else its public face. */
export type Told = Entry | Activity;

/** An event of the past in one form, however much of it was told. */
export const entryOf = (told: Told): Entry => {
  if ("event" in told) return told;
  const { version, score, type, at, value } = told;
  return { version, score, event: { type, value: value ?? null, occurred_at: at } };
};
