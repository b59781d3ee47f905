// The process of attached.mjs: is told where nodes are, attaches to them, and tells what it was told.
import { Backend } from '../integration/backend.mjs';
import { rpcClient } from '../integration/calls.mjs';

const told = { connected: new Map(), disconnected: new Map() };
const noted = new Set();
const backends = [];

// What is told again has the number that it had.
function note({ kind, source, number, connection, ...event }) {
  const key = `${source}/${number}`;
  if (!told[kind] || noted.has(key)) return;
  noted.add(key);
  told[kind].set(connection, [...(told[kind].get(connection) ?? []), { source, number, ...event[kind] }]);
}
async function attach(address) {
  const client = rpcClient(address, 'Backends');
  const backend = new Backend({ rpc: () => client }, { group: 'watch', credits: 10_000, onEvent: note });
  backends.push(backend);
  await backend.attached();
}
const twice = (events) => [...events].filter(([, all]) => all.length > 1);
const report = () => ({
  connected: told.connected.size,
  open: [...told.connected.keys()].filter((id) => !told.disconnected.has(id)).length,
  twice: [...twice(told.connected), ...twice(told.disconnected)],
  lost: backends.reduce((sum, backend) => sum + (backend.lost ?? 0), 0),
});

process.on('message', async ({ number, address }) => {
  if (address) await attach(address);
  process.send({ number, ...report() });
});
process.on('disconnect', () => process.exit());
