import type { Passenger } from "./passenger.ts";
import type { State } from "./state.ts";

/** What tabs say to each other. */
type Word =
  /** A tab has come. */
  | readonly ["hello"]
  /** I have the connection, and it is in this state. */
  | readonly ["lead", State]
  /** I watch this; `fresh`: and have heard nothing of it yet. */
  | readonly ["want", id: string, from: string, fresh: boolean]
  /** Something is not watched any more. */
  | readonly ["gone"]
  /** Something was heard; with `to`, for one tab. */
  | readonly ["news", id: string, verb: string, payload: unknown, to?: string]
  | readonly ["ask", id: string, from: string, number: number, method: string, given: unknown[]]
  | readonly ["answer", to: string, number: number, failure: { code?: number; message: string } | null, value: unknown];

/** The tab that this group speaks for. */
export interface Tab {
  readonly state: State;
  readonly passengers: ReadonlySet<Passenger>;
  /** The passenger of this id, made if need be. */
  find(id: string): Passenger;
  /** Take the connection. */
  lead(): void;
  /** Another tab has it, in this state. */
  follow(state: State): void;
}

/** Milliseconds that tabs have to say what they still watch. */
const GRACE = 1_000;

/** The tabs that share a connection: the one that holds a lock has it, and passes on what it hears. */
export class Group {
  #leading = false;
  readonly #tab: Tab;
  readonly #me = crypto.randomUUID();
  readonly #bus: BroadcastChannel;
  readonly #leaving = new AbortController();
  #resign: () => void = () => {};
  readonly #relays = new Map<string, { readonly stop: () => void; wanted: boolean }>();
  readonly #asked = new Map<number, { done: (value: unknown) => void; failed: (error: Error) => void }>();
  #count = 0;

  constructor(name: string, tab: Tab) {
    this.#tab = tab;
    this.#bus = new BroadcastChannel(name);
    this.#bus.onmessage = ({ data }: MessageEvent<Word>) => this.#hear(data);
    this.#say(["hello"]);
    const held = (): Promise<void> => {
      this.#leading = true;
      this.#forget("Another tab has taken over the connection.");
      tab.lead();
      this.tell();
      return new Promise((resolve) => (this.#resign = resolve));
    };
    navigator.locks.request(name, { signal: this.#leaving.signal }, held).catch(() => {});
  }

  /** Tell the others how the connection is. */
  tell(): void {
    if (this.#leading) this.#say(["lead", this.#tab.state]);
  }

  want({ id, fresh }: Passenger): void {
    if (!this.#leading) this.#say(["want", id, this.#me, fresh]);
  }

  drop(): void {
    this.#say(["gone"]);
  }

  /** Have the tab with the connection do something. */
  call(id: string, method: string, given: unknown[]): Promise<unknown> {
    const number = ++this.#count;
    return new Promise((done, failed) => {
      this.#asked.set(number, { done, failed });
      this.#say(["ask", id, this.#me, number, method, given]);
    });
  }

  leave(): void {
    this.drop();
    this.#forget("The connection was closed.");
    this.#bus.close();
    this.#leaving.abort();
    for (const { stop } of this.#relays.values()) stop();
    this.#relays.clear();
    this.#resign();
  }

  #say(word: Word): void {
    this.#bus.postMessage(word);
  }

  #hear(word: Word): void {
    if (word[0] === "hello") this.tell();
    else if (this.#leading) this.#serve(word);
    else if (word[0] === "lead") {
      this.#tab.follow(word[1]);
    } else if (word[0] === "news") {
      const [, id, verb, payload, to] = word;
      if (to && to !== this.#me) return;
      for (const each of this.#tab.passengers) if (each.id === id) each.hear(verb, payload);
    } else if (word[0] === "answer" && word[1] === this.#me) {
      const [, , number, failure, value] = word;
      const waiting = this.#asked.get(number);
      this.#asked.delete(number);
      if (failure) waiting?.failed(Object.assign(new Error(failure.message), failure));
      else waiting?.done(value);
    }
  }

  #serve(word: Word): void {
    if (word[0] === "want") this.#relay(word[1], word[2], word[3]);
    else if (word[0] === "gone") this.#prune();
    else if (word[0] === "ask") {
      const [, id, from, number, method, given] = word;
      this.#tab.find(id).call(method, given).then(
        (value) => this.#say(["answer", from, number, null, value]),
        ({ code, message }) => this.#say(["answer", from, number, { code, message: `${message}` }, null]),
      );
    }
  }

  #relay(id: string, from: string, fresh: boolean): void {
    const passenger = this.#tab.find(id);
    const known = this.#relays.get(id);
    if (known) known.wanted = true;
    else {
      let begun = false;
      const stop = passenger.relay((verb, payload) => {
        if (begun) this.#say(["news", id, verb, payload]);
      });
      begun = true;
      this.#relays.set(id, { stop, wanted: true });
    }
    passenger.recap((verb, payload) => this.#say(["news", id, verb, payload, from]), fresh);
  }

  /** Let go what no tab wants any more: all that do say so again. */
  #prune(): void {
    for (const each of this.#relays.values()) each.wanted = false;
    this.tell();
    setTimeout(() => {
      for (const [id, { stop, wanted }] of this.#relays)
        if (!wanted) {
          stop();
          this.#relays.delete(id);
        }
    }, GRACE);
  }

  #forget(why: string): void {
    for (const { failed } of this.#asked.values()) failed(new Error(why));
    this.#asked.clear();
  }
}

/** Whom a token names and what it allows, without what differs between two tokens of one user. */
export const claims = (token: string | undefined): string => {
  if (!token) return "";
  try {
    const { exp, iat, nbf, jti, ...rest } = JSON.parse(atob(token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/")));
    return JSON.stringify(rest);
  } catch {
    // Nobody can tell who that is: a group of its own.
    return crypto.randomUUID();
  }
};
