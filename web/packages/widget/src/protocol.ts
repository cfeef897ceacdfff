import type { Standing } from "./standing.ts";

/** The part of the client protocol's JSON messages that a reader of standings meets. */
export interface Publication {
  readonly data: Standing;
}

export interface Reply {
  readonly id?: number;
  readonly error?: { readonly code: number; readonly temporary?: boolean };
  /** `ping`: seconds between the server's pings; `pong`: whether it wants an answer. */
  readonly connect?: { readonly ping?: number; readonly pong?: boolean };
  readonly subscribe?: {
    readonly epoch?: string;
    readonly publications?: readonly Publication[];
  };
  readonly push?: {
    readonly channel: string;
    readonly pub?: Publication;
    readonly unsubscribe?: { readonly code: number };
  };
}
