// The official JavaScript client as a subscriber of maps, driven by JSON lines on stdin, telling all it
// sees as JSON lines on stdout.
import { createInterface } from 'node:readline';
import { Centrifuge as JsonClient } from 'centrifuge';
import { Centrifuge as ProtobufClient } from 'centrifuge/build/protobuf';

const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));

let client;
let binary = false;
const maps = new Map();

// With Protobuf, data is bytes: JSON, or the packed form of a standing.
const plain = (data) => {
  if (data === undefined || !binary) return data;
  if (data[0] === 0x7b) return JSON.parse(new TextDecoder().decode(data));
  return { packed: Buffer.from(data).toString('base64') };
};
const sent = (data) => (binary ? new TextEncoder().encode(JSON.stringify(data)) : data);

const said = ({ key, data, offset, removed, info }) => ({
  key,
  data: removed ? undefined : plain(data),
  offset,
  removed,
  user: info?.user,
  client: info?.client,
});

const commands = {
  connect({ url, protobuf = false, token }) {
    binary = protobuf;
    client = new (protobuf ? ProtobufClient : JsonClient)(url, {
      minReconnectDelay: 20,
      maxReconnectDelay: 200,
      token,
    });
    for (const name of ['connecting', 'connected', 'disconnected', 'error']) {
      client.on(name, ({ code, reason, error }) => tell(name, { code, reason, error }));
    }
    client.connect();
  },
  map({ channel, kind = 'Map', options = {} }) {
    let map = maps.get(channel);
    if (!map) {
      const { data, ...rest } = options;
      const chosen = { ...rest, ...(data === undefined ? {} : { data: sent(data) }) };
      map = client[`new${kind}Subscription`](channel, { minResubscribeDelay: 20, ...chosen });
      maps.set(channel, map);
      for (const name of ['subscribing', 'unsubscribed', 'error']) {
        map.on(name, ({ code, reason, error }) => tell(name, { channel, code: code ?? error?.code, reason }));
      }
      map.on('subscribed', ({ wasRecovering, recovered, recoverable, positioned, streamPosition }) =>
        tell('subscribed', { channel, wasRecovering, recovered, recoverable, positioned, streamPosition }),
      );
      map.on('sync', ({ entries }) => tell('sync', { channel, entries: entries.map(said) }));
      map.on('update', (entry) => tell('update', { channel, ...said(entry) }));
    }
    map.subscribe();
  },
  unsubscribe({ channel }) {
    maps.get(channel).unsubscribe();
  },
  async publish({ channel, key, data }) {
    await maps
      .get(channel)
      .publish(key, sent(data))
      .then(() => tell('published', { key }))
      .catch(({ code }) => tell('refused', { code }));
  },
  async remove({ channel, key }) {
    await maps
      .get(channel)
      .remove(key)
      .then(() => tell('removed', { key }))
      .catch(({ code }) => tell('refused', { code }));
  },
  patches({ channel }) {
    const { numFullPayloads, numDeltaPayloads } = maps.get(channel).deltaStats();
    tell('patches', { whole: numFullPayloads, patched: numDeltaPayloads });
  },
  disconnect() {
    client.disconnect();
  },
  reconnect() {
    client.connect();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...more } = JSON.parse(line);
  await commands[name](more);
}
process.exit(0);
