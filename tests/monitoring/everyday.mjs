// A gateway in good health under load: clients of every kind, a backend that does its work, services that publish.
import dgram from 'node:dgram';
import http from 'node:http';
import { once } from 'node:events';
import { Backend } from '../integration/backend.mjs';
import { Engine, openSocket } from '../integration/engine.mjs';
import { WebSocket, eventually, splitAddress } from '../integration/harness.mjs';

export async function everyday(world, pod) {
  const { t } = world;
  const gateway = await world.node(pod, [
    ...['--workers', '2', '--client-messages', 'backend', '--client-rooms', 'open', '--connect-verdict', 'required', '--allow-anonymous'],
    ...['--bytes-per-second-max', '20000', '--listen-udp', '127.0.0.1:0', '--udp-receive-bytes', '64KiB'],
  ]);
  const backend = await new Backend(gateway, {
    group: 'everyday',
    verdicts: true,
    credits: 1000,
    onEvent({ kind, connection, connecting }, self) {
      if (kind === 'connecting') self.command({ verdict: { connection, verdict: connecting.verdict, allow: {} } });
    },
  }).attached();
  t.after(() => backend.close());

  const sockets = await world.clients(gateway, 12);
  const named = await gateway.connect('?envelope=1&room=news');
  await named.until(() => named.messages.length > 0, 'the notice');
  let { position } = named.parsed[0];
  // Who comes back has missed the last round alone.
  const remember = () => {
    position = named.parsed.at(-1).position ?? position;
    named.messages.splice(0, named.messages.length - 1);
  };
  const deflating = new WebSocket(gateway.url('?room=news'), { perMessageDeflate: { threshold: 0 } });
  await once(deflating, 'open');
  t.after(() => deflating.terminate());
  const io = await Promise.all([1, 2, 3].map(() => openSocket(t, gateway)));
  for (const { socket } of io) socket.on('message', (packet) => String(packet) === '2' && socket.send('3')); // ping, pong
  const stream = http.get(`http://${gateway.clients}/sse?room=news`, (answer) => answer.resume());
  stream.on('error', () => {});
  t.after(() => stream.destroy());
  const udp = dgram.createSocket('udp4');
  t.after(() => udp.close());
  const [host, port] = splitAddress(gateway.address('udp'));
  const say = (object, pad = 0) => udp.send(JSON.stringify(object) + ' '.repeat(pad), port, host);
  udp.on('message', (data) => {
    const { challenge } = JSON.parse(data);
    if (challenge) say({ subscribe: { room: 'news', seconds: 60, proof: challenge } }, 200);
  });

  let cursor = 'room=news';
  const poll = async () => {
    const answer = await (await fetch(`http://${gateway.clients}/poll?${cursor}`)).json();
    cursor = `cursor=${answer.cursor}`;
  };

  let round = 0;
  const turn = async () => {
    ++round;
    remember();
    sockets.forEach((client) => client.send(`${round} ${'x'.repeat(200)}`));
    deflating.send('x'.repeat(25_000)); // more than it may: it is read later
    io.forEach((client) => client.send(`42["say","${round}"]`));
    await Promise.all([
      gateway.publish(`news ${round} ${'x'.repeat(2000)}`, { rooms: ['news'] }),
      gateway.publish(`lobby ${round}`),
      gateway.rpc().listRooms({}),
      gateway.rpc().getConnection({ id: '00000001-0-0-1' }).catch(() => {}),
      poll(),
      gateway.connect(`?room=news&since=${position}`).then((client) => client.close()),
    ]);
    say({ publish: { room: 'lobby', data: round } });
    say({ subscribe: { room: 'news', seconds: 60 } }, 200);
    if (round % 5 === 0) await wander(gateway);
    for (const client of io) client.messages.length = 0;
  };
  // As long as the others take.
  let isOver = false;
  t.after(() => (isOver = true));
  const again = () => turn().catch(() => {}).finally(() => isOver || setTimeout(again, 100).unref());
  again();
  await eventually(async () => (await world.prometheus.query(`rate(sluice_messages_sent_total{pod="${pod}"}[10s]) > 0`)).length > 0, 'load', 60_000);
}

// An Engine.IO session whose requests come over connections of their own, and whose WebSocket goes where it lives.
async function wander(gateway) {
  const agent = new http.Agent({ keepAlive: false });
  const engine = new Engine(gateway, { agent });
  await engine.open();
  await engine.post('4hi');
  const client = await engine.upgrade();
  client.terminate();
  agent.destroy();
}
