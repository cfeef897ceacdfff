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

// Over Protobuf the client hands out bytes, which here are JSON always.
const json = (data) => (data instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(data)) : data);

// A token asked for is taken from those handed in, or waited for.
const nextToken = () => {
  tell('token wanted');
  return tokens.length ? Promise.resolve(tokens.shift()) : new Promise((resolve) => waiting.push(resolve));
};

const commands = {
  connect({ url, token, refresh = false, options = {} }) {
    client = new (options.protocol === 'protobuf' ? Binary : Centrifuge)(url, {
      minReconnectDelay: 50,
      maxReconnectDelay: 500,
      ...(token === undefined ? {} : { token }),
      ...(refresh ? { getToken: nextToken } : {}),
      ...options,
    });
    for (const name of ['connecting', 'connected', 'disconnected', 'error']) {
      client.on(name, ({ code, reason, error, transport }) => tell(name, { code, reason, error, transport }));
    }
    client.connect();
  },
  token({ token }) {
    const resolve = waiting.shift();
    if (resolve) resolve(token);
    else tokens.push(token);
  },
  subscribe({ channel, options = {} }) {
    let subscription = subscriptions.get(channel);
    if (!subscription) {
      subscription = client.newSubscription(channel, options);
      subscriptions.set(channel, subscription);
      for (const name of ['subscribing', 'unsubscribed', 'error']) {
        subscription.on(name, ({ code, reason, error }) =>
          tell(name, { channel, code: code ?? error?.code, reason }),
        );
      }
      subscription.on('subscribed', ({ wasRecovering, recovered, positioned, recoverable, streamPosition }) =>
        tell('subscribed', { channel, wasRecovering, recovered, positioned, recoverable, streamPosition }),
      );
      subscription.on('publication', ({ data, offset }) => tell('publication', { channel, data: json(data), offset }));
    }
    subscription.subscribe();
  },
  unsubscribe({ channel }) {
    subscriptions.get(channel).unsubscribe();
  },
  async history({ channel, options }) {
    const { publications, epoch, offset } = await client.history(channel, options);
    tell('history', { channel, epoch, offset, offsets: publications.map((pub) => pub.offset) });
  },
  async publish({ channel, data }) {
    await client.publish(channel, data).catch(({ code }) => tell('refused', { code }));
  },
  async rpc({ method }) {
    await client.rpc(method, {}).catch(({ code }) => tell('refused', { code }));
  },
  disconnect() {
    client.disconnect();
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
