/** The public view of a standing, as it comes over the wire. */
export interface Standing {
  readonly subject: string;
  /** Grows by one with every applied change; an older one is never shown after a newer one. */
  readonly version: number;
  readonly score: number;
  readonly low: number;
  readonly high: number;
  /** How many contributions the score rests on. */
  readonly count: number;
  readonly categories: Readonly<Record<string, { readonly score: number; readonly count: number }>>;
  readonly tier: string | null;
  readonly badges: readonly string[];
  readonly status: string;
  /** True until there is enough evidence to show a number. */
  readonly provisional: boolean;
  readonly updated_at: string;
  readonly cause: { readonly type: string; readonly delta: number } | null;
}

/** `live`: confirmed now. `slow`: the connection stands, but the server is late. `stale`: it was just lost. `offline`: it could not be had again. */
export type State = "live" | "slow" | "stale" | "offline";

/** A client token, or a function that makes one; the function is asked before every connection. */
export type Token = string | (() => string | Promise<string>);

/** Called on every news. `standing` is undefined while unknown and null when the subject has none yet. */
export type Listener = (state: State, standing: Standing | null | undefined) => void;
