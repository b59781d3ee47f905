// The example pairs, with one gateway between them.
import { test } from 'node:test';
import { startGateway } from './harness.mjs';
import { languages, socketIoPair, wsPair } from './pairs.mjs';

const start = (t) => startGateway(t, ['--client-messages', 'backend']);

for (const language of languages) {
  test(`the socket.io pair, with its backend ${language}`, async (t) => socketIoPair(t, await start(t), language));
}

test('the ws pair', async (t) => wsPair(t, await start(t)));
