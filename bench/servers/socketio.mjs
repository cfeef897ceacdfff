// Socket.IO on Node with the WebSocket transport only: `node socketio.mjs PORT PAYLOAD_BYTES`.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";

const [port, size] = process.argv.slice(2).map(Number);
const MOST_BUFFERED = 32768;

const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  serveClient: false,
  perMessageDeflate: false,
  pingInterval: 120_000,
});

function payload() {
  const message = { sent: Number(process.hrtime.bigint()), fill: "" };
  message.fill = "x".repeat(Math.max(0, size - JSON.stringify(message).length));
  return message;
}

function go(seconds) {
  const end = performance.now() + seconds * 1000;
  const sample = io.sockets.sockets.values().next().value?.conn.transport;
  let rounds = 0;
  let waits = 0;
  const round = () => {
    if (performance.now() >= end) {
      console.log(JSON.stringify({ event: "done", rounds, waits }));
    } else if (sample.socket.bufferedAmount > MOST_BUFFERED || !sample.writable) {
      waits++;
      setTimeout(round, 1);
    } else {
      io.emit("m", payload());
      rounds++;
      setImmediate(round);
    }
  };
  round();
}

http.listen({ port, host: "127.0.0.1", backlog: 4096 }, () => console.log('{"event":"listening"}'));
const orders = createInterface({ input: process.stdin });
orders.on("line", (line) => go(Number(line.split(" ")[1])));
orders.on("close", () => process.exit(0));
