import type { TransportEndpoint } from "centrifuge";
import type { TransportName } from "./state.ts";

const ORDER: readonly TransportName[] = ["websocket", "http_stream", "sse"];

/** The server's endpoints in the order they are tried, beginning after `tried` if that is given. */
export const endpoints = (server: URL, tried?: TransportName): TransportEndpoint[] => {
  const first = tried === undefined ? 0 : (ORDER.indexOf(tried) + 1) % ORDER.length;
  return [...ORDER.slice(first), ...ORDER.slice(0, first)].map((transport) => ({
    transport,
    endpoint: address(server, transport),
  }));
};

const address = (server: URL, transport: TransportName): string => {
  const url = new URL(server);
  url.pathname = `${server.pathname.replace(/\/$/, "")}/connection/${transport}`;
  if (transport === "websocket") {
    url.protocol = url.protocol.replace("http", "ws");
    url.searchParams.set("first_frame", "1");
  }
  return url.href;
};

/** Where commands of the one-way transports go. */
export const emulation = (server: URL): string => new URL(`${server.pathname.replace(/\/$/, "")}/emulation`, server).href;
