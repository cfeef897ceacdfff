/** What the client's tests begin with: watchers on the scripted stage, taken off it after each test. */
import { afterEach, beforeEach } from "node:test";
import type { Listener, Token } from "../src/standing.ts";
import { ear, newServer, setUp, snapshot, stage, tearDown } from "./stage.ts";

const { reach } = await import("../src/client.ts");

/** Connections outlive a test unless all their watchers go. */
const stops: (() => void)[] = [];

export const watch = (server: string, subject: string, listener: Listener): (() => void) => {
  const stop = reach(server)._watch(subject, listener);
  stops.push(stop);
  return stop;
};

export const identify = (server: string, token: Token): void => reach(server)._identify(token);

beforeEach(setUp);
afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  await stage.pass(1100);
  tearDown();
});

/** A watcher that is live at version 5. */
export const live = async () => {
  const server = newServer();
  const one = ear();
  const stop = watch(server, "seller:42", one.listener);
  await stage.pass(10);
  stage.last.welcomes(() => snapshot(5));
  return { server, one, stop };
};

/** An answer over HTTP. */
export const json = (value: object): Promise<Response> => Promise.resolve(new Response(JSON.stringify(value)));

export const missing = (code: string): Promise<Response> =>
  Promise.resolve(new Response(JSON.stringify({ status: 404, code }), { status: 404 }));
