import type { Connection } from "./connection.ts";
import type { Listener, Standing, State, Token } from "./standing.ts";

interface Watched {
  readonly _subject: string;
  readonly _listeners: Set<Listener>;
  _state: State;
  _standing?: Standing | null | undefined;
  /** Ends the watching of the tab that leads. */
  _stop?: (() => void) | undefined;
  /** Another tab wants it. */
  _remote?: boolean;
}

/**
 * What tabs say to each other: the subject somebody wants; news of one, from the tab that leads; `null` from that
 * tab: who wants what? `0`: somebody wants something no more.
 */
type Message = string | readonly [subject: string, state: State, standing: Standing | null | undefined] | null | 0;

/** Milliseconds until nobody's subject is let go: tabs must answer, frameworks put elements back. */
const GRACE = 1e3;

/** Whom a token names and what it allows, without what differs between two tokens of one user. */
const claims = (token: string) => {
  const { exp, iat, nbf, jti, ...rest } = JSON.parse(atob(token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/")));
  return JSON.stringify(rest);
};

/**
 * The connection `direct` shared by all tabs of the site whose visitor is the same: one of those on show has it,
 * and tells the others. A hidden tab neither has it nor hears; when it is seen again it is told at once.
 */
export const share = (direct: Connection, server: string): Connection => {
  const watched = new Map<string, Watched>();
  let token: Token | undefined;
  let bus: BroadcastChannel | undefined;
  let leaving: AbortController | undefined;
  /** Set while this tab leads. */
  let resign: (() => void) | undefined;

  if (!navigator.locks) return direct;

  const post = (message: Message) => bus?.postMessage(message);

  const tell = (one: Watched) => {
    for (const listener of one._listeners) listener(one._state, one._standing);
  };

  const publish = (one: Watched) => post([one._subject, one._state, one._standing]);

  const news = (one: Watched, state: State, standing: Standing | null | undefined) => {
    one._state = state;
    // A new connection begins with knowing nothing.
    if (standing !== undefined) one._standing = standing;
    tell(one);
  };

  const want = (one: Watched) => {
    if (resign)
      one._stop ??= direct._watch(one._subject, (state, standing) => {
        news(one, state, standing);
        publish(one);
      });
    else post(one._subject);
  };

  const find = (subject: string) => {
    let one = watched.get(subject);
    if (!one) watched.set(subject, (one = { _subject: subject, _listeners: new Set(), _state: "stale" }));
    return one;
  };

  /** Let go what no tab wants any more. */
  const prune = () => {
    for (const one of watched.values()) one._remote = false;
    post(null);
    setTimeout(() => {
      for (const [subject, one] of watched)
        if (resign && !one._listeners.size && !one._remote) {
          one._stop?.();
          watched.delete(subject);
        }
    }, GRACE);
  };

  const hear = (message: Message) => {
    if (message === null) {
      for (const one of watched.values()) if (one._listeners.size) want(one);
    } else if (message === 0) {
      if (resign) prune();
    } else if (typeof message !== "string") {
      const one = watched.get(message[0]);
      if (one && !resign) news(one, message[1], message[2]);
    } else if (resign) {
      const one = find(message);
      one._remote = true;
      if (one._stop) publish(one);
      else want(one);
    }
  };

  const lead = () =>
    new Promise<void>((resolve) => {
      resign = resolve;
      post(null);
      watched.forEach(want);
      direct._wake(false);
    });

  const join = async () => {
    if (leaving || document.hidden || !watched.size) return;
    const { signal } = (leaving = new AbortController());
    let who = "";
    try {
      const bearer = typeof token === "function" ? await token() : token;
      if (bearer) who = claims(bearer);
    } catch {
      // Nobody can tell who that is: a tab of its own.
      who = `${Math.random()}`;
    }
    if (signal.aborted) return;
    const name = `renown ${server} ${who}`;
    bus = new BroadcastChannel(name);
    bus.onmessage = ({ data }) => hear(data);
    watched.forEach(want);
    await navigator.locks.request(name, { signal }, lead).catch(() => {});
  };

  const leave = () => {
    if (!resign) post(0);
    leaving?.abort();
    resign?.();
    bus?.close();
    for (const [subject, one] of watched) {
      one._stop?.();
      one._stop = undefined;
      if (!one._listeners.size) watched.delete(subject);
    }
    if (resign) direct._sleep();
    leaving = resign = bus = undefined;
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leave();
    else join();
  });

  return {
    _watch(subject, listener) {
      const one = find(subject);
      one._listeners.add(listener);
      listener(one._state, one._standing);
      if (bus) want(one);
      else join();
      return () => {
        one._listeners.delete(listener);
        setTimeout(() => {
          if (one._listeners.size || watched.get(subject) !== one) return;
          if (resign) prune();
          else {
            watched.delete(subject);
            post(0);
          }
          if (![...watched.values()].some((other) => other._listeners.size)) leave();
        }, GRACE);
      };
    },
    _identify(next) {
      const same = next === token || (typeof next === "function" && typeof token === "function");
      token = next;
      direct._identify(next);
      if (same) return;
      leave();
      join();
    },
    _wake(force) {
      join();
      if (resign) direct._wake(force);
    },
    _sleep: leave,
  };
};
