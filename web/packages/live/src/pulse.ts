/** Milliseconds that a ping may be late before the connection is in doubt; the SDK gives up some seconds later. */
const LATE = 2_000;
const PING = /"ping":(\d+)/;

/** Listens to a connection's frames and tells when the server has been silent for longer than it should. */
export class Pulse {
  /** When something was heard last. */
  last = 0;
  /** Nothing was heard when a ping was due. */
  late = false;
  #interval = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** A frame has come. The first one that says so tells how often there are pings. */
  readonly beat = (frame: unknown): void => {
    this.last = Date.now();
    if (!this.#interval) this.#interval = 1_000 * Number(PING.exec(typeof frame === "string" ? frame : decode(frame))?.[1] ?? 0);
    if (this.#interval) this.#timer ??= setTimeout(this.#check, this.#interval + LATE);
    this.#turn(false);
  };

  /** The connection has ended. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#interval = 0;
    this.late = false;
  }

  readonly #check = (): void => {
    const left = this.last + this.#interval + LATE - Date.now();
    this.#timer = left > 0 ? setTimeout(this.#check, left) : undefined;
    if (left <= 0) this.#turn(true);
  };

  #turn(late: boolean): void {
    if (this.late === late) return;
    this.late = late;
    this.#changed();
  }
}

const decode = (frame: unknown): string => (frame instanceof Uint8Array ? new TextDecoder().decode(frame) : "");

type Beat = (frame: unknown) => void;

/** `fetch`, with every chunk of an answer felt. */
export const feltFetch =
  (beat: Beat): typeof fetch =>
  async (...asked) => {
    const response = await fetch(...asked);
    // An answer without content may have a body to read from, and may not be made with one.
    if (!response.body || response.status === 204) return response;
    const felt = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, out) {
        beat(chunk);
        out.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(felt), response);
  };

/** An EventSource constructor, with every event felt. */
export const feltEvents = (beat: Beat): typeof EventSource | undefined =>
  globalThis.EventSource &&
  class extends EventSource {
    constructor(...given: ConstructorParameters<typeof EventSource>) {
      super(...given);
      this.addEventListener("message", ({ data }) => beat(data));
    }
  };
