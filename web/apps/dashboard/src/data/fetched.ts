import type { ReactiveController, ReactiveControllerHost } from "lit";
import { Problem } from "./http.ts";
import { live } from "./live.ts";

const calm = 1_000;

/**
 * Something read over HTTP for a key. The old value stays until the new one is there; a read that
 * failed because the server was away is repeated when the connection is back.
 */
export class Fetched<T> implements ReactiveController {
  value: T | null = null;
  problem: Problem | null = null;

  private readonly host: ReactiveControllerHost;
  private readonly key: () => string | null;
  private readonly read: (key: string, signal: AbortSignal) => Promise<T>;
  private readonly calm: number;
  private current: string | null = null;
  private abort: AbortController | undefined;
  private leave: (() => void) | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private startedAt = 0;

  constructor(
    host: ReactiveControllerHost,
    key: () => string | null,
    read: (key: string, signal: AbortSignal) => Promise<T>,
    every = calm,
  ) {
    this.calm = every;
    this.host = host;
    this.key = key;
    this.read = read;
    host.addController(this);
  }

  hostConnected(): void {
    this.leave = live.onState(() => {
      if (live.up && this.problem && passing(this.problem)) void this.load();
    });
  }

  hostUpdate(): void {
    const wanted = this.key();
    if (wanted === this.current) return;
    this.current = wanted;
    this.value = null;
    this.problem = null;
    void this.load();
  }

  hostDisconnected(): void {
    this.leave?.();
    this.abort?.abort();
    clearTimeout(this.timer);
    this.timer = undefined;
    this.current = null;
  }

  /** Read again soon: at once after a quiet spell, else no sooner than `every` ms after the last time. */
  refresh(): void {
    if (this.timer !== undefined) return;
    const wait = Math.max(0, this.startedAt + this.calm - Date.now());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.load();
    }, wait);
  }

  private async load(): Promise<void> {
    this.abort?.abort();
    const key = this.current;
    if (key === null) return;
    const abort = new AbortController();
    this.abort = abort;
    this.startedAt = Date.now();
    try {
      const value = await this.read(key, abort.signal);
      if (abort.signal.aborted) return;
      this.value = value;
      this.problem = null;
    } catch (error) {
      if (abort.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    }
    this.host.requestUpdate();
  }
}

/** A failure that is not about what was asked, so that asking again makes sense. */
const passing = ({ status }: Problem): boolean => status === 0 || status >= 500;
