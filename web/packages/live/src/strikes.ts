/** Milliseconds: a connection that ends sooner was no good, whoever ended it. */
const YOUNG = 10_000;
/** Milliseconds: a connection that falls silent sooner did not lose its network by the way. */
const SILENT = 60_000;
/** A death counts 1; a silence, which costs seconds to notice, counts 2. */
const ENOUGH = 3;

/**
 * Counts how often in a row one transport has failed after it had once worked, which the SDK does not: it keeps
 * a transport for good once it was open, and would retry for ever where a proxy cuts every tunnel.
 */
export class Strikes {
  #count = 0;
  #proven = false;
  #since = 0;

  /** The transport has carried something. */
  prove(): void {
    this.#proven = true;
  }

  /** A connection stands. */
  connected(now: number): void {
    this.#proven = true;
    this.#since = now;
  }

  /** A connection that stood has ended. True when it is time for another transport. */
  ended(now: number, silent: boolean): boolean {
    const age = now - this.#since;
    if (age > (silent ? SILENT : YOUNG)) {
      this.#count = 0;
      return false;
    }
    return this.#strike(silent ? 2 : 1);
  }

  /** An attempt has failed before it stood. True when it is time for another transport. */
  failed(silent: boolean): boolean {
    return this.#strike(silent ? 2 : 1);
  }

  #strike(weight: number): boolean {
    this.#count += weight;
    // While nothing has worked yet the SDK goes round the transports by itself.
    return this.#proven && this.#count >= ENOUGH;
  }
}
