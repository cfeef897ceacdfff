// Socket.IO as the jitter bench runs it: `node jitter.mjs PORT default|recovery`. A backend posts publications,
// which go to everybody, and standings, which go to those who watch their subject.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const [port, mode] = process.argv.slice(2);
const http = createServer(async (request, response) => {
  if (request.method !== 'POST') return response.writeHead(404).end();
  let body = '';
  for await (const chunk of request) body += chunk;
  const { subject, ...said } = JSON.parse(body);
  if (subject === undefined) io.emit('published', said);
  else io.to(subject).emit('standing', said);
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});
const io = new Server(http, mode === 'recovery' ? { connectionStateRecovery: {} } : {});
io.on('connection', (socket) => {
  socket.on('watch', (subject, done) => {
    socket.join(subject);
    done?.();
  });
});
process.stdin.on('close', () => process.exit(0)).resume();
http.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 }, () => console.log('{"event":"listening"}'));
