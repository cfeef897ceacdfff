import { entryOf, type Told } from "./entries.ts";
import type { GatewayView } from "./gateway.ts";
import { get, post, query } from "./http.ts";
import type { Answer, Entry, EventBody, Explanation, HistoryPoint, Info, Standing } from "./types.ts";

const at = (subject: string): string => `/v1/standings/${encodeURIComponent(subject).replaceAll("%3A", ":")}`;

/** The realtime side, with the samples taken after `since`. */
export const gateway = (since: number, signal?: AbortSignal): Promise<GatewayView> =>
  get(`/v1/gateway${query({ since })}`, signal);

export const info = (): Promise<Info> => get("/v1/info");

export const standing = (subject: string, signal?: AbortSignal): Promise<Standing> => get(at(subject), signal);

export const search = (q: string, signal?: AbortSignal): Promise<{ standings: Standing[] }> =>
  get(`/v1/subjects${query({ q, limit: 8 })}`, signal);

export const history = (subject: string, points: number, signal?: AbortSignal): Promise<{ points: HistoryPoint[] }> =>
  get(`${at(subject)}/history${query({ points })}`, signal);

export const explain = (subject: string, limit: number, signal?: AbortSignal): Promise<Explanation> =>
  get(`${at(subject)}/explain${query({ limit })}`, signal);

export const events = async (subject: string, limit: number, signal?: AbortSignal): Promise<Entry[]> => {
  const page = await get<{ events: Told[] }>(`${at(subject)}/events${query({ limit })}`, signal);
  return page.events.map(entryOf);
};

export const send = (event: EventBody): Promise<Answer> => post("/v1/events?standing=true", event);

export const token = (): Promise<{ token: string }> => post("/v1/tokens", { user: "dashboard" });
