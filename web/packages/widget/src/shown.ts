import type { Connection } from "./connection.ts";

/** What a viewer should see. */
interface Shown {
  /** By state `keep` shows the last standing as it is, `dim` dimmed, `as_of` dimmed with its time, `hide` none. */
  readonly slow: string;
  /** The settings' `reconnecting`. */
  readonly stale: string;
  readonly offline: string;
  readonly live?: undefined;
  /** Makes the connection of this tab one of all tabs, or leaves it as it is. */
  readonly share: (direct: Connection, server: string) => Connection;
}

/**
 * The defaults of the namespace `standing`. The server that serves the built script writes the operator's rule in
 * place of this very text, so that it is known before there is a connection.
 */
export const SHOWN: Shown = { slow: "dim", stale: "keep", offline: "as_of", share: (direct) => direct };
