import type { Connection } from "./connection.ts";
import type { Reply } from "./protocol.ts";
import { SHOWN } from "./shown.ts";
import type { Listener, Standing, State, Token } from "./standing.ts";

/** One watched subject. Names with an underscore are shortened by the build. */
interface Channel {
  readonly _subject: string;
  readonly _listeners: Set<Listener>;
  _standing?: Standing | null | undefined;
  /** The life of the ledger that `_standing` was read from. */
  _epoch?: string | undefined;
  _subscribed?: boolean;
  /** The server will not let us subscribe: ask over HTTP instead. */
  _refused?: boolean;
  /** The last request over HTTP brought the newest standing. */
  _polled?: boolean;
}

const PREFIX = "standing:";
/**
 * Milliseconds. A socket that says nothing for this long is taken for dead, and a connection
 * that lived longer was a good one: the count of failures starts anew.
 */
const MUTE = 5e3;
/** Failures in a row before the standing is asked for over HTTP; a mute socket is as bad as that many. */
const PATIENCE = 3;
/** 3500 to 3999 and 4500 to 4999: these close codes ask us not to come back. */
const TERMINAL = 500;
/** As many failures as make us stay away: the server does not want us. */
const FINAL = 1e9;

const connections = new Map<string, Connection>();

const connection = (server: string): Connection => {
  const channels = new Map<string, Channel>();
  let asked: Channel[] = [];
  let socket: WebSocket | undefined;
  let opening = false;
  /** The last answer over HTTP was that we may not know; only another token can change that. */
  let denied = false;
  let failures = 0;
  let commands = 0;
  let since = 0;
  let heard = 0;
  let silence = 0;
  /** The server's ping is late. */
  let slow: boolean | undefined;
  let pong: boolean | undefined;
  let token: Token | undefined;
  let bearer: string | undefined;
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let poller: ReturnType<typeof setTimeout> | undefined;

  const tell = (channel: Channel) => {
    const state: State =
      channel._subscribed || channel._polled
        ? slow && channel._subscribed
          ? "slow"
          : "live"
        : failures < 2 && !channel._refused
          ? "stale"
          : "offline";
    for (const listener of channel._listeners) listener(state, channel._standing);
  };

  const doubt = (late: boolean) => {
    if (slow !== (slow = late)) channels.forEach(tell);
  };

  const accept = (channel: Channel, standing: Standing) => {
    if (!channel._standing || standing.version > channel._standing.version) channel._standing = standing;
  };

  const arm = (ms: number) => {
    heard = Date.now();
    silence = ms;
    clearTimeout(watchdog);
    doubt(false);
    if (ms)
      watchdog = setTimeout(() => {
        doubt(true);
        watchdog = setTimeout(lost, MUTE, 0, PATIENCE);
      }, ms - MUTE);
  };

  const isOpen = () => socket?.readyState === 1;

  const command = (request: object) => JSON.stringify({ id: ++commands, ...request });

  const subscribeCommand = (channel: Channel) => {
    const text = command({
      subscribe: {
        channel: PREFIX + channel._subject,
        recover: !!channel._epoch,
        epoch: channel._epoch,
        offset: channel._standing?.version,
      },
    });
    asked[commands] = channel;
    return text;
  };

  const subscribe = (channel: Channel) => {
    if (isOpen() && channels.has(channel._subject)) socket!.send(subscribeCommand(channel));
  };

  const refuse = (channel: Channel) => {
    channel._refused = true;
    channel._subscribed = false;
    tell(channel);
    poll();
  };

  const onConnect = (reply: Reply) => {
    const { error, connect } = reply;
    if (error) {
      // A fixed token that has expired will not get better; a function may give a new one.
      lost(error.temporary || (error.code === 109 && typeof token === "function") ? 0 : 3500);
    } else {
      since = Date.now();
      pong = connect!.pong;
      arm(connect!.ping ? connect!.ping * 1e3 + 1e4 : 0);
    }
  };

  const onSubscribe = (channel: Channel, { error, subscribe: result }: Reply) => {
    if (error) {
      if (error.temporary || error.code === 109) lost();
      else refuse(channel);
      return;
    }
    const epoch = result!.epoch;
    // Another ledger: its versions count from the start, ours mean nothing there.
    if (channel._epoch && epoch !== channel._epoch) channel._standing = null;
    channel._epoch = epoch;
    for (const { data } of result!.publications ?? []) accept(channel, data);
    channel._standing ??= null;
    channel._subscribed = true;
    channel._polled = channel._refused = false;
    tell(channel);
  };

  const onPush = ({ channel: name, pub, unsubscribe }: NonNullable<Reply["push"]>) => {
    const channel = channels.get(name.slice(PREFIX.length));
    if (!channel) return;
    if (pub) {
      accept(channel, pub.data);
      tell(channel);
    } else if (unsubscribe) {
      if (unsubscribe.code < 2500) return refuse(channel);
      channel._subscribed = false;
      setTimeout(subscribe, Math.random() * 1e3, channel);
    }
  };

  const onMessage = (text: string) => {
    arm(silence);
    for (const line of text.trim().split("\n")) {
      const reply: Reply = JSON.parse(line);
      const channel = asked[reply.id!];
      if (channel) onSubscribe(channel, reply);
      else if (reply.push) onPush(reply.push);
      else if (reply.id === 1) onConnect(reply);
      else if (!reply.id && pong) socket!.send("{}");
      if (!socket) return;
    }
  };

  const open = async () => {
    clearTimeout(retry);
    if (socket || opening || failures >= FINAL || !channels.size) return;
    opening = true;
    denied = false;
    try {
      bearer = typeof token === "function" ? await token() : token;
      const fresh = (socket = new WebSocket(server.replace(/^http/, "ws") + "/connection/websocket"));
      arm(MUTE);
      fresh.onopen = () => {
        asked = [];
        commands = 0;
        const hello = command({ connect: { token: bearer, name: "widget" } });
        fresh.send([hello, ...[...channels.values()].map(subscribeCommand)].join("\n"));
      };
      fresh.onmessage = ({ data }) => {
        try {
          onMessage(data);
        } catch {
          lost();
        }
      };
      fresh.onclose = ({ code }) => lost(code);
    } catch {
      lost();
    }
    opening = false;
  };

  const hangUp = () => {
    clearTimeout(watchdog);
    clearTimeout(retry);
    if (!socket) return;
    // A dead network delays the close event, so nothing waits for it.
    socket.onmessage = socket.onclose = null;
    socket.close();
    socket = undefined;
    since = 0;
  };

  /** `code` is the close code, 0 without one; `weight` the failures it counts for. */
  const lost = (code = 0, weight = 1) => {
    failures = since && Date.now() - since > MUTE ? 0 : failures + weight;
    hangUp();
    if (code % 1e3 >= TERMINAL) {
      failures = FINAL;
      bearer = undefined;
    } else retry = setTimeout(open, Math.random() * Math.min(2e4, 500 * 2 ** failures));
    channels.forEach((channel) => {
      channel._subscribed = false;
      tell(channel);
    });
    poll();
  };

  const ask = async (channel: Channel) => {
    let answered = false;
    try {
      // `no-cache` lets the browser ask with If-None-Match by itself, without a CORS preflight.
      const response = await fetch(`${server}/v1/standings/${encodeURIComponent(channel._subject)}`, {
        cache: "no-cache",
        headers: bearer ? { authorization: `Bearer ${bearer}` } : {},
        signal: AbortSignal.timeout(MUTE),
      });
      denied ||= /40[13]/.test(response.status + "");
      const body = await response.json();
      // Any other error, also that there is no such kind, says nothing of a standing.
      answered = response.ok || body.code === "unknown_subject";
      if (response.ok) accept(channel, body);
      else if (answered) channel._standing ??= null;
    } catch {
      // Not reachable: the next round will tell.
    }
    if (channel._subscribed) return;
    channel._polled = answered;
    tell(channel);
  };

  const round = async () => {
    const due = [...channels.values()].filter(
      (channel) =>
        !denied &&
        !channel._subscribed &&
        (channel._refused || failures >= PATIENCE || (failures && !channel._standing)),
    );
    if (!document.hidden) await Promise.all(due.map(ask));
    poller = due.length ? setTimeout(round, 4e3 + Math.random() * 2e3) : undefined;
  };

  const poll = () => {
    poller ??= setTimeout(round, Math.random() * 500);
  };

  return {
    _watch(subject, listener) {
      let channel = channels.get(subject)!;
      if (!channel) {
        channels.set(subject, (channel = { _subject: subject, _listeners: new Set() }));
        subscribe(channel);
        // Elements that appear together share the first frame, and their token comes in time.
        if (channels.size < 2) retry = setTimeout(open);
        poll();
      }
      channel._listeners.add(listener);
      tell(channel);
      return () => {
        channel._listeners.delete(listener);
        // A moment's grace: frameworks take elements out and put them back.
        setTimeout(() => {
          if (channel._listeners.size || channels.get(subject) !== channel) return;
          channels.delete(subject);
          if (!channels.size) hangUp();
          else if (isOpen()) socket!.send(command({ unsubscribe: { channel: PREFIX + subject } }));
        }, 1e3);
      };
    },
    _identify(next) {
      const same = next === token || (typeof next === "function" && typeof token === "function");
      token = next;
      if (same) return;
      failures %= FINAL;
      if (socket) lost();
      open();
    },
    _wake(force) {
      if (socket && (force || (silence && Date.now() - heard > silence))) lost();
      open();
    },
    _sleep() {
      if (socket) lost();
      clearTimeout(retry);
    },
  };
};

/** The connection to `server`, its address without a slash at the end, which all elements of the page share. */
export const reach = (server: string): Connection => {
  let found = connections.get(server);
  if (!found) connections.set(server, (found = SHOWN.share(connection(server), server)));
  return found;
};

for (const type of ["online", "pageshow", "visibilitychange", "pagehide"])
  addEventListener(type, () => {
    for (const each of connections.values())
      if (type === "pagehide") each._sleep();
      else if (!document.hidden) each._wake(type === "online");
  });
