/** How the connection is, and since when the numbers on show may be old. Times are in ms, as of `Date.now()`. */
export type State =
  /** Not connected yet, for the first time. */
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly transport: TransportName }
  /** Connected, and the server's ping is late. */
  | { readonly kind: "slow"; readonly transport: TransportName; readonly asOf: number }
  /** Lost a moment ago, and being looked for. */
  | { readonly kind: "reconnecting"; readonly asOf: number }
  /** The browser has no network, or the server has been away for a while; still being looked for. */
  | { readonly kind: "offline"; readonly asOf: number | null }
  /** The server does not want this client: nothing happens until `reconnect` is called. */
  | { readonly kind: "refused"; readonly asOf: number | null; readonly code: number; readonly reason: string };

export type TransportName = "websocket" | "http_stream" | "sse";
