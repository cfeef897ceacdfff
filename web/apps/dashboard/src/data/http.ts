import { key } from "./session.ts";

/** What the server says when it refuses: RFC 9457 problem details, or a lost connection (status 0). */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  readonly expected: string | undefined;

  constructor(status: number, code: string, detail: string, field?: string, expected?: string) {
    super(detail);
    this.status = status;
    this.code = code;
    this.field = field;
    this.expected = expected;
  }
}

/** What an address asks for, beginning with the question mark; what is undefined is left out. */
export function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) params.set(name, String(value));
  return `?${params}`;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>(path, signal ? { signal } : {});
}

export async function post<T>(path: string, body: unknown): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  return request<T>(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** Send text, such as a policy; the answer is JSON. */
export async function sendText<T>(method: "POST" | "PUT", path: string, text: string): Promise<T> {
  return request<T>(path, { method, headers: { "Content-Type": "application/toml" }, body: text });
}

/** Send text and hand over the lines of JSON of the answer as they come. */
export async function lines<T>(path: string, text: string, signal: AbortSignal, hear: (line: T) => void): Promise<void> {
  const response = await ask(path, { method: "POST", headers: { "Content-Type": "application/toml" }, body: text, signal });
  if (!response.ok) throw problemOf(response, await response.json().catch(() => null));
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      const whole = (rest + part.value).split("\n");
      rest = whole.pop() ?? "";
      for (const line of whole) if (line) hear(JSON.parse(line) as T);
    }
  } catch (error) {
    if (signal.aborted || error instanceof SyntaxError || error instanceof Problem) throw error;
    throw unreachable();
  }
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  const response = await ask(path, init);
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw problemOf(response, body);
  return body as T;
}

const unreachable = (): Problem => new Problem(0, "unreachable", "The server cannot be reached right now.");

async function ask(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("Accept", "application/json");
  const secret = key();
  if (secret) headers.set("Authorization", `Bearer ${secret}`);
  try {
    return await fetch(path, { ...init, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  }
}

interface Details {
  code?: string;
  detail?: string;
  title?: string;
  field?: string | null;
  expected?: string | null;
}

function problemOf(response: Response, body: unknown): Problem {
  const details: Details = typeof body === "object" && body !== null ? body : {};
  return new Problem(
    response.status,
    details.code ?? `http_${response.status}`,
    details.detail ?? details.title ?? response.statusText,
    details.field ?? undefined,
    details.expected ?? undefined,
  );
}
