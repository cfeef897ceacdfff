// The official JavaScript client, driven by JSON lines on stdin, telling all it sees as JSON lines on
// stdout. Run as: node client.mjs URL
import { createInterface } from 'node:readline';
import { Centrifuge } from 'centrifuge';
import { Centrifuge as Binary } from 'centrifuge/build/protobuf';

const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));

let client;
const tokens = [];
const waiting = [];
const subscriptions = new Map();

// Over Protobuf the client hands out bytes, which here are JSON always; none where there is no data.
const json = (data) => {
  if (!(data instanceof Uint8Array)) return data;
  return data.length ? JSON.parse(new TextDecoder().decode(data)) : undefined;
};
let binary = false;
const coded = (data) => (binary ? new TextEncoder().encode(JSON.stringify(data)) : data);
const who = ({ client, user, connInfo, chanInfo }) => ({
  client,
  user,
  connInfo: json(connInfo),
  chanInfo: json(chanInfo),
});
const refused = ({ code, message }) => tell('refused', { code, message });

// A token asked for is taken from those handed in, or waited for.
const nextToken = (context) => {
  tell('token wanted', { channel: context?.channel });
  return tokens.length ? Promise.resolve(tokens.shift()) : new Promise((resolve) => waiting.push(resolve));
};

const commands = {
  connect({ url, token, refresh = false, options = {} }) {
    binary = options.protocol === 'protobuf';
    client = new (binary ? Binary : Centrifuge)(url, {
      minReconnectDelay: 50,
      maxReconnectDelay: 500,
      ...(token === undefined ? {} : { token }),
      ...(refresh ? { getToken: nextToken } : {}),
      ...options,
    });
    for (const name of ['connecting', 'connected', 'disconnected', 'error']) {
      client.on(name, ({ code, reason, error, transport }) => tell(name, { code, reason, error, transport }));
    }
    // What the server subscribes to, and what it says to this client alone.
    client.on('subscribed', ({ channel, wasRecovering, recovered, recoverable, data }) =>
      tell('server subscribed', { channel, wasRecovering, recovered, recoverable, data: json(data) }),
    );
    client.on('unsubscribed', ({ channel }) => tell('server unsubscribed', { channel }));
    client.on('publication', ({ channel, data, offset }) =>
      tell('server publication', { channel, data: json(data), offset }),
    );
    client.connect();
  },
  token({ token }) {
    const resolve = waiting.shift();
    if (resolve) resolve(token);
    else tokens.push(token);
  },
  subscribe({ channel, refresh = false, options = {} }) {
    let subscription = subscriptions.get(channel);
    if (!subscription) {
      subscription = client.newSubscription(channel, {
        minResubscribeDelay: 50,
        maxResubscribeDelay: 500,
        ...(refresh ? { getToken: nextToken } : {}),
        ...options,
      });
      subscriptions.set(channel, subscription);
      for (const name of ['subscribing', 'unsubscribed', 'error']) {
        subscription.on(name, ({ code, reason, error }) =>
          tell(name, { channel, code: code ?? error?.code, reason }),
        );
      }
      subscription.on('subscribed', ({ wasRecovering, recovered, positioned, recoverable, streamPosition }) =>
        tell('subscribed', { channel, wasRecovering, recovered, positioned, recoverable, streamPosition }),
      );
      subscription.on('publication', ({ data, offset, tags, info }) =>
        tell('publication', { channel, data: json(data), offset, tags, user: info?.user }),
      );
      subscription.on('join', ({ info }) => tell('join', { channel, ...who(info) }));
      subscription.on('leave', ({ info }) => tell('leave', { channel, ...who(info) }));
    }
    subscription.subscribe();
  },
  unsubscribe({ channel }) {
    subscriptions.get(channel).unsubscribe();
  },
  async history({ channel, options }) {
    const found = await client.history(channel, options).catch(refused);
    if (!found) return;
    const { publications, epoch, offset } = found;
    tell('history', {
      channel,
      epoch,
      offset,
      offsets: publications.map((pub) => pub.offset),
      data: publications.map((pub) => json(pub.data)),
    });
  },
  async presence({ channel }) {
    const found = await client.presence(channel).catch(refused);
    if (found) tell('presence', { channel, clients: Object.values(found.clients).map(who) });
  },
  async stats({ channel }) {
    const found = await client.presenceStats(channel).catch(refused);
    if (found) tell('stats', { channel, clients: found.numClients, users: found.numUsers });
  },
  patches({ channel }) {
    const { numFullPayloads, numDeltaPayloads } = subscriptions.get(channel).deltaStats();
    tell('patches', { channel, whole: numFullPayloads, patched: numDeltaPayloads });
  },
  async publish({ channel, data }) {
    await client.publish(channel, coded(data)).catch(refused);
  },
  async rpc({ method, data = {} }) {
    const found = await client.rpc(method, coded(data)).catch(refused);
    if (found) tell('result', { data: json(found.data) });
  },
  async send({ data }) {
    await client.send(coded(data)).catch(refused);
  },
  map({ channel, options = {} }) {
    const map = client.newMapSubscription(channel, options);
    subscriptions.set(channel, map);
    const said = ({ key, data, removed }) => ({ key, removed, data: removed ? undefined : json(data) });
    map.on('sync', ({ entries }) => tell('sync', { channel, entries: entries.map(said) }));
    map.on('update', (entry) => tell('update', { channel, ...said(entry) }));
    map.subscribe();
  },
  async set({ channel, key, data }) {
    await subscriptions.get(channel).publish(key, coded(data)).catch(refused);
  },
  async remove({ channel, key }) {
    await subscriptions.get(channel).remove(key).catch(refused);
  },
  disconnect() {
    client.disconnect();
  },
  reconnect() {
    client.connect();
  },
  forget() {
    subscriptions.clear();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...more } = JSON.parse(line);
  await commands[name](more);
}
process.exit(0);
