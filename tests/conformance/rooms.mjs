// Several official JavaScript clients in one process, each under a name, as an application built on rooms
// uses them. Driven by JSON lines on stdin, telling all they see as JSON lines on stdout.
import { createInterface } from 'node:readline';
import { Centrifuge } from 'centrifuge';
import { Centrifuge as Binary } from 'centrifuge/build/protobuf';

const people = new Map();

class Person {
  constructor(name, url, { token, protobuf = false }) {
    this.name = name;
    this.binary = protobuf;
    this.channels = new Map();
    this.client = new (protobuf ? Binary : Centrifuge)(url, {
      minReconnectDelay: 20,
      maxReconnectDelay: 200,
      ...(token === undefined ? {} : { token }),
    });
    for (const event of ['connecting', 'connected', 'disconnected']) {
      this.client.on(event, ({ code, client }) => this.tell(event, { code, client }));
    }
    this.client.on('publication', (pub) => this.tell('notice', this.said(pub)));
    this.client.on('subscribed', ({ channel, recovered }) => this.tell('given', { channel, recovered }));
    this.client.connect();
  }

  tell(event, more = {}) {
    console.log(JSON.stringify({ event, who: this.name, ...more }));
  }

  // Over Protobuf the client takes and gives bytes, which are JSON here.
  into(data) {
    return this.binary ? new TextEncoder().encode(JSON.stringify(data)) : data;
  }

  outOf(data) {
    if (data === undefined || !this.binary) return data;
    return data.length ? JSON.parse(new TextDecoder().decode(data)) : undefined;
  }

  said({ channel, data, offset, info, key, removed }) {
    return {
      channel,
      key,
      removed,
      offset,
      data: removed ? undefined : this.outOf(data),
      user: info?.user,
      client: info?.client,
    };
  }

  // Tell what became of something that was asked for.
  async asked(what, promise, more = () => ({})) {
    await promise.then(
      (answer) => this.tell(what, more(answer)),
      ({ code }) => this.tell('refused', { what, code }),
    );
  }

  follow(channel, subscription) {
    this.channels.set(channel, subscription);
    for (const event of ['subscribing', 'unsubscribed']) {
      subscription.on(event, ({ code }) => this.tell(event, { channel, code }));
    }
    subscription.on('subscribed', ({ recovered, wasRecovering }) =>
      this.tell('subscribed', { channel, recovered, wasRecovering }),
    );
    subscription.subscribe();
  }
}

const commands = {
  connect(name, { url, ...options }) {
    people.set(name, new Person(name, url, options));
  },
  leave(person) {
    person.client.disconnect();
  },
  return(person) {
    person.client.connect();
  },
  watch(person, { channel, options = {} }) {
    const subscription = person.client.newSubscription(channel, options);
    subscription.on('publication', (pub) => person.tell('publication', person.said({ channel, ...pub })));
    for (const event of ['join', 'leave']) {
      subscription.on(event, ({ info }) => person.tell(event, { channel, user: info.user }));
    }
    person.follow(channel, subscription);
  },
  map(person, { channel }) {
    const map = person.client.newMapSubscription(channel, { minResubscribeDelay: 20 });
    map.on('sync', ({ entries }) =>
      person.tell('sync', { channel, entries: entries.map((entry) => person.said(entry)) }),
    );
    map.on('update', (entry) => person.tell('update', person.said({ channel, ...entry })));
    person.follow(channel, map);
  },
  unwatch(person, { channel }) {
    person.channels.get(channel).unsubscribe();
  },
  publish(person, { channel, data }) {
    return person.asked('published', person.client.publish(channel, person.into(data)));
  },
  set(person, { channel, key, data }) {
    return person.asked('set', person.channels.get(channel).publish(key, person.into(data)));
  },
  unset(person, { channel, key }) {
    return person.asked('unset', person.channels.get(channel).remove(key));
  },
  presence(person, { channel }) {
    const users = ({ clients }) => ({ users: Object.values(clients).map(({ user }) => user).sort() });
    return person.asked('presence', person.client.presence(channel), users);
  },
  history(person, { channel, options }) {
    return person.asked('history', person.client.history(channel, options), ({ publications, offset }) => ({
      offset,
      data: publications.map(({ data }) => person.outOf(data)),
    }));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, as, ...more } = JSON.parse(line);
  // Not awaited: what one client waits for does not hold up the others.
  void commands[name](name === 'connect' ? as : people.get(as), more);
}
process.exit(0);
