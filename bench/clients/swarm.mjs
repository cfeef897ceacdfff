// Clients in Node, see `__init__.py`: the official SDK, our own library and widget, Socket.IO's.
import { createInterface } from 'node:readline';

const { kind, urls, subjects, stream, first } = JSON.parse(process.argv[2]);
const text = new TextDecoder();
const clients = urls.map((url, i) => ({ kind, url, subject: subjects[(first + i) % subjects.length], stream: [], version: 0 }));
const none = () => {};

const kinds = {
  'centrifuge, JSON': async () => official((await import('centrifuge')).Centrifuge, {}, (data) => data),
  'centrifuge, Protobuf': async () =>
    official((await import('centrifuge/build/protobuf')).Centrifuge, { protocol: 'protobuf' }, (data) =>
      JSON.parse(text.decode(data)),
    ),
  live: async () => {
    const { createRenown } = await import('../../web/packages/live/src/index.ts');
    return (client, ready) => {
      const renown = createRenown({ url: client.url });
      renown.room(stream).listen({ data: ({ n }) => client.stream.push(n), settled: ready.once() });
      const found = ready.once();
      renown.standing(client.subject).subscribe((standing) => {
        if (!standing) return;
        client.version = standing.version;
        found();
      });
    };
  },
  widget: async () => {
    // What it asks of a page.
    globalThis.addEventListener ??= none;
    globalThis.document ??= { hidden: false };
    const { reach } = await import('../../web/packages/widget/src/client.ts');
    return (client, ready) => {
      delete client.stream;
      const found = ready.once();
      reach(client.url)._watch(client.subject, (state, standing) => {
        if (!standing) return;
        client.version = standing.version;
        found();
      });
    };
  },
  'Socket.IO': async () => {
    const { io } = await import('socket.io-client');
    return (client, ready) => {
      const socket = io(client.url);
      const found = ready.once();
      socket.on('connect', () => {
        if (!socket.recovered) socket.emit('watch', client.subject, found);
      });
      socket.on('published', ({ n }) => client.stream.push(n));
      socket.on('standing', ({ version }) => (client.version = version));
    };
  },
};
kinds['Socket.IO, recovery'] = kinds['Socket.IO'];

const official = (Client, options, read) => (client, ready) => {
  const url = client.url.replace(/^http/, 'ws') + '/connection/websocket';
  const connection = new Client(url, options);
  const listen = (channel, take) => {
    const subscription = connection.newSubscription(channel);
    subscription.on('publication', ({ data }) => take(read(data)));
    subscription.on('subscribed', ready.once());
    subscription.on('error', none);
    subscription.subscribe();
  };
  connection.on('error', none);
  listen(stream, ({ n }) => client.stream.push(n));
  listen(`standing:${client.subject}`, ({ version }) => (client.version = version));
  connection.connect();
};

// Counts what must have happened before all are ready.
const readiness = () => {
  let open = 1;
  const done = () => --open || console.log(JSON.stringify({ event: 'ready' }));
  return {
    once() {
      open++;
      let waiting = true;
      return () => {
        if (waiting) done();
        waiting = false;
      };
    },
    done,
  };
};

const connect = await kinds[kind]();
const ready = readiness();
for (const client of clients) connect(client, ready);
ready.done();

const orders = createInterface({ input: process.stdin });
orders.on('line', () => console.log(JSON.stringify({ clients: clients.map(({ url, ...rest }) => rest) })));
orders.on('close', () => process.exit(0));
