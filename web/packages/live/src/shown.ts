import type { State } from "./state.ts";

/** What the operator wants viewers to see of a namespace's channels, as the server tells it. */
export interface Shown {
  readonly slow: "keep" | "dim";
  readonly offline: "keep" | "as_of" | "hide";
  readonly reconnecting: "keep" | "as_of" | "hide";
  readonly tabs: "each" | "shared";
}

/** How what a channel last brought is to be drawn now. */
export interface Look {
  /** Not at all. */
  readonly hidden: boolean;
  readonly dimmed: boolean;
  /** With this time beside it, in ms: it was right then. */
  readonly asOf: number | null;
}

/** What holds until the server has told its rules. */
const DEFAULT: Shown = { slow: "dim", offline: "as_of", reconnecting: "keep", tabs: "each" };
/** Milliseconds that a lost connection looks as if nothing were: most come straight back. */
export const BLINK = 1_000;

/** The rules of a server's namespaces: learned once, and remembered for the pages that come. */
export class Rules {
  #rules: Readonly<Record<string, Shown>> = {};
  readonly #server: string;
  #learned = false;

  constructor(server: string) {
    this.#server = server;
    this.#rules = recall(this.#key);
  }

  of(channel: string): Shown {
    const namespace = channel.includes(":") ? channel.slice(channel.startsWith("$") ? 1 : 0, channel.indexOf(":")) : "";
    return this.#rules[namespace] ?? DEFAULT;
  }

  /** Whether tabs share a connection for any namespace. */
  get anyShared(): boolean {
    return Object.values(this.#rules).some(({ tabs }) => tabs === "shared");
  }

  /** Ask the server, unless it has told; true when it has told now. */
  async learn(token: string | undefined): Promise<boolean> {
    if (this.#learned) return false;
    this.#learned = true;
    try {
      const response = await fetch(`${this.#server}/v1/channels`, token ? { headers: { authorization: `Bearer ${token}` } } : {});
      const { channels } = await response.json();
      const told: Record<string, Shown> = {};
      for (const { namespace, rule } of channels) told[namespace] = rule.shown;
      this.#rules = told;
      remember(this.#key, told);
      return true;
    } catch {
      // Asked again with the next connection.
      this.#learned = false;
      return false;
    }
  }

  get #key(): string {
    return `renown shown ${this.#server}`;
  }
}

/** What a page before this one was told: known before there is a connection, and without one. */
const recall = (key: string): Readonly<Record<string, Shown>> => {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}");
  } catch {
    return {};
  }
};

const remember = (key: string, rules: Readonly<Record<string, Shown>>): void => {
  try {
    localStorage.setItem(key, JSON.stringify(rules));
  } catch {
    // No storage here, or none for us.
  }
};

/** What becomes of a rule's channels while the connection is in `state`, for `since` milliseconds. */
export const look = (rule: Shown, state: State, since: number): Look => {
  const word =
    state.kind === "slow"
      ? rule.slow
      : state.kind === "reconnecting"
        ? since < BLINK || rule.reconnecting
        : state.kind === "offline" || state.kind === "refused"
          ? rule.offline
          : "keep";
  const old = word === "as_of";
  return { hidden: word === "hide", dimmed: old || word === "dim", asOf: old && "asOf" in state ? state.asOf : null };
};
