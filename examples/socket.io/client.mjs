// A Socket.IO client as it would talk to a Socket.IO server; nothing in it knows of Sluice: node client.mjs [URL]
import { io } from 'socket.io-client';

const socket = io(process.argv[2] ?? 'http://localhost:8080');
socket.on('connect', () => console.log('connected'));
socket.on('clientEvent', (data) => {
  console.log('from the server:', data);
  socket.emit('serverEvent', `thanks for ${data}`);
});
socket.on('disconnect', (reason) => console.log('disconnected:', reason));
