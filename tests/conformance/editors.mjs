// Editors that write one document together, on the official JavaScript client. Each keystroke is published to
// a room, and the document is what all keystrokes make of it in the room's order. Driven by JSON lines on stdin.
import { createInterface } from 'node:readline';
import { Centrifuge } from 'centrifuge';

const tell = (event, more) => console.log(JSON.stringify({ event, ...more }));
const editors = new Map();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Editor {
  constructor(name, url, token, channel) {
    this.name = name;
    this.text = [];
    this.done = new Set();
    this.log = [];
    this.gaps = 0;
    this.client = new Centrifuge(url, { token, minReconnectDelay: 10, maxReconnectDelay: 200, timeout: 2000 });
    this.room = this.client.newSubscription(channel, { minResubscribeDelay: 10 });
    this.room.on('publication', ({ data, offset }) => this.apply(data, offset));
    this.room.on('subscribed', ({ wasRecovering, recovered }) => {
      this.gaps += wasRecovering && !recovered;
      tell('subscribed', { who: name, recovered });
    });
    this.client.on('connecting', ({ code }) => tell('connecting', { who: name, code }));
    this.room.subscribe();
    this.client.connect();
  }

  // A keystroke that was sent twice, since its acknowledgement was lost, counts once.
  apply(stroke, offset) {
    this.log.push(offset);
    if (this.done.has(stroke.id)) return;
    this.done.add(stroke.id);
    const at = Math.min(stroke.at, this.text.length);
    if (stroke.letter) this.text.splice(at, 0, stroke.letter);
    else this.text.splice(at, 1);
  }

  async type(letters) {
    for (const [number, letter] of [...letters].entries()) {
      const at = Math.floor(Math.random() * (this.text.length + 1));
      const stroke = { id: `${this.name}-${number}`, at, letter: number % 7 === 6 ? '' : letter };
      while (!this.done.has(stroke.id)) {
        try {
          await this.room.publish(stroke);
          break;
        } catch {
          await pause(20);
        }
      }
    }
    tell('typed', { who: this.name });
  }
}

const commands = {
  open({ as, url, token, channel }) {
    editors.set(as, new Editor(as, url, token, channel));
  },
  type({ as, letters }) {
    void editors.get(as).type(letters);
  },
  // Tell once so many keystrokes are in the document.
  async read({ as, strokes }) {
    const editor = editors.get(as);
    while (editor.done.size < strokes) await pause(10);
    tell('read', { who: as, text: editor.text.join(''), log: editor.log, gaps: editor.gaps });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...more } = JSON.parse(line);
  void commands[name](more);
}
process.exit(0);
