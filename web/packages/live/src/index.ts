export type { Watcher } from "./channel.ts";
export type { Settings, Token } from "./connection.ts";
export type { Newest } from "./newest.ts";
export { createRenown, type Renown } from "./renown.ts";
export type { Room } from "./room.ts";
export type { Look } from "./shown.ts";
export type { Standings, StandingsListener } from "./standings.ts";
export type { State, TransportName } from "./state.ts";
export type { Board, BoardRow, CategoryScore, Standing } from "./types.ts";
