// The process of attached.mjs: is told where nodes are, attaches to them, and tells what it was told.
import { Backend, Told } from '../integration/backend.mjs';
import { rpcClient } from '../integration/calls.mjs';

const told = new Told();
const backends = [];

async function attach(address) {
  const client = rpcClient(address, 'Backends');
  const backend = new Backend({ rpc: () => client }, { group: 'watch', credits: 10_000, onEvent: told.note });
  backends.push(backend);
  await backend.attached();
}
const report = () => ({
  connected: told.connected.size,
  open: told.open.length,
  twice: told.twice,
  lost: backends.reduce((sum, backend) => sum + (backend.lost ?? 0), 0),
});

process.on('message', async ({ number, address }) => {
  if (address) await attach(address);
  process.send({ number, ...report() });
});
process.on('disconnect', () => process.exit());
