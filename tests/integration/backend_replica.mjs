// One replica of a backend, as a process of its own that can be killed at any moment: writes a line for each event that
// it has dealt with, and acknowledges it only then. node backend_replica.mjs GRPC-ADDRESS GROUP
import { writeSync } from 'node:fs';
import { proto, grpc } from './calls.mjs';

const [address, group] = process.argv.slice(2);
const stream = new proto.Backends(address, grpc.credentials.createInsecure()).subscribeEvents();
stream.write({ subscribe: { group, credits: 500 } });
stream.on('data', ({ hello, events, cursor, lost }) => {
  let lines = hello ? 'hello\n' : '';
  if (lost > 0) lines += `lost ${lost}\n`;
  for (const event of events) lines += `${event.kind} ${event.number} ${event.connection} ${event.message?.payload.text ?? ''}\n`;
  if (lines) writeSync(1, lines);
  if (events.length === 0) return;
  stream.write({ acknowledge: { cursor } });
  stream.write({ credit: { events: events.length } });
});
stream.on('error', ({ details }) => {
  writeSync(2, `${details}\n`);
  process.exit(1);
});
