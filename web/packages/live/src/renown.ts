import { Channel } from "./channel.ts";
import { Connection, type Settings } from "./connection.ts";
import { Newest } from "./newest.ts";
import { Room } from "./room.ts";
import { Standings } from "./standings.ts";
import type { State } from "./state.ts";
import type { Board, Standing } from "./types.ts";

/** A server, live. Whatever is asked for twice is the same object, and on the wire once. */
export interface Renown {
  readonly state: State;
  /** Hear of every change of `state` until the returned function is called. */
  onState(listener: (state: State) => void): () => void;
  /** Hear when the `look` of something may have changed, until the returned function is called. */
  onLook(listener: () => void): () => void;
  standing(subject: string): Newest<Standing>;
  board(kind: string): Newest<Board>;
  /** Every standing of a kind. */
  standings(kind: string): Standings;
  /** A channel of the application's own, or any other by its full name. */
  room<T = unknown>(channel: string): Room<T>;
  /** Connect anew: after signing in, or when the server had refused. */
  reconnect(): void;
  close(): void;
}

/** Connect to a server, and stay connected on whatever transport the network lets through. */
export const createRenown = (settings: Settings): Renown => {
  const connection = new Connection(settings);
  const channels = kept((name: string) => new Channel<never>(connection, name));
  connection.find = (id) => (id.startsWith("map ") ? maps(id.slice(4)) : channels(id));
  const newest = kept((name: string) => new Newest<unknown>(channels(name)));
  const maps = kept((name: string) => new Standings(connection, name));
  const rooms = kept((name: string) => new Room<never>(channels(name)));
  return {
    get state() {
      return connection.state;
    },
    onState: (listener) => connection.onState(listener),
    onLook: (listener) => connection.onLook(listener),
    standing: (subject) => newest(`standing:${subject}`) as Newest<Standing>,
    board: (kind) => newest(`board:${kind}`) as Newest<Board>,
    standings: (kind) => maps(`standings:${kind}`),
    room: <T>(channel: string) => rooms(channel) as Room<unknown> as Room<T>,
    reconnect: () => connection.reconnect(),
    close: () => connection.close(),
  };
};

const kept = <T>(make: (name: string) => T): ((name: string) => T) => {
  const made = new Map<string, T>();
  return (name) => {
    let found = made.get(name);
    if (found === undefined) made.set(name, (found = make(name)));
    return found;
  };
};
