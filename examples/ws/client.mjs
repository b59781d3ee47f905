// A WebSocket client as it would talk to a `ws` server; nothing in it knows of Sluice: node client.mjs [URL]
import WebSocket from 'ws';

const socket = new WebSocket(process.argv[2] ?? 'ws://localhost:8080');
socket.on('open', () => socket.send(`hello from ${process.pid}`));
socket.on('message', (data) => console.log('received:', String(data)));
socket.on('close', (code) => console.log('closed:', code));
