// What makes each alert fire. A cause has a pod of its own and says which alerts it provokes there.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { Backend } from '../integration/backend.mjs';
import { Client, Raw, eventually, frame, handshake, run, splitAddress } from '../integration/harness.mjs';

const times = (count, make) => Promise.all(Array.from({ length: count }, (_, at) => make(at)));
const small = ['--socket-send-bytes-max', '4608'];
const text = (kilobytes) => 'x'.repeat(kilobytes * 1000);
const refuse = (gateway, route) => new Client(gateway.url('', route)).whenRefused();

export const causes = {
  gone: {
    alerts: ['SluiceNodeDown'],
    async run(world, pod) {
      const gateway = await world.node(pod);
      await gateway.stop();
      await world.provoke(pod, this.alerts);
    },
  },
  drained: {
    alerts: ['SluiceNotReady'],
    async run(world, pod) {
      const gateway = await world.node(pod);
      await world.clients(gateway, 40);
      const progress = gateway.rpc('Nodes').drain({ over: { seconds: 90 } });
      progress.on('error', () => {}).resume();
      await world.provoke(pod, this.alerts);
    },
  },
  // A job of its own, all of whose nodes are away.
  alone: {
    alerts: ['SluiceNoNodeReady'],
    async run(world, pod) {
      const gateway = await world.node(pod, [], { place: { release: 'alone' } });
      gateway.rpc('Nodes').drain({}).on('error', () => {}).resume();
      await world.provoke('alone', this.alerts);
    },
  },
  restarted: {
    alerts: ['SluiceRestarted', 'SluiceRestartsOften'],
    async run(world, pod) {
      let gateway = await world.node(pod);
      const flags = ['--admin', gateway.address('admin')];
      const cpu = async () => Number((await world.prometheus.query(`process_cpu_seconds_total{pod="${pod}"}`))[0]?.value[1] ?? 0);
      await world.provoke(pod, this.alerts, async () => {
        // It has used clearly more than the next one has at its start, and Prometheus has seen it.
        await eventually(async () => {
          await times(50, () => gateway.publish(text(10)));
          return (await cpu()) > 0.3;
        }, 'some work', 60_000);
        await gateway.stop();
        gateway = await world.node(pod, flags);
        await eventually(async () => (await cpu()) < 0.3, 'the new one to be scraped');
      });
    },
  },
  full: {
    alerts: ['SluiceAcceptPaused', 'SluiceFilesNearLimit'],
    async run(world, pod) {
      const limit = 300;
      const gateway = await world.node(pod, ['--connections-max', '10'], { options: { wrap: `ulimit -n ${limit}; exec "$@"` } });
      // Two more than there is room for, before they would be refused for want of files.
      const clients = Array.from({ length: 12 }, () => new Client(gateway.url()));
      world.t.after(() => clients.forEach((client) => client.terminate()));
      await gateway.untilMetric('sluice_accept_pauses_total', {}, (value) => value > 0);
      const others = [];
      world.t.after(() => others.forEach((raw) => raw.socket.destroy()));
      const files = () => readdirSync(`/proc/${gateway.pid}/fd`).length;
      while (files() < limit * 0.88) others.push(await Raw.open(gateway.address(others.length % 2 ? 'admin' : 'grpc')));
      await world.provoke(pod, this.alerts);
    },
  },
  door: {
    alerts: ['SluiceClientsOverLimit', 'SluiceHandshakesRefused', 'SluiceTlsHandshakesFailed', 'SluiceCertificateExpiresSoon'],
    async run(world, pod) {
      const gateway = await world.node(pod, ['--address-connections-max', '4', '--user-connections-max', '4', ...world.tls(10)]);
      const [host, port] = splitAddress(gateway.address('clients_tls'));
      await world.clients(gateway, 3);
      await world.provoke(pod, this.alerts, async () => {
        // One that breaks off without TLS's goodbye, so that a ticket or a certificate was shown in earnest.
        const secure = tls.connect({ host, port, rejectUnauthorized: false, session: world.session });
        secure.on('error', () => {}).on('session', (session) => (world.session = session));
        secure.write(handshake());
        await new Promise((resolve) => secure.once('data', resolve).once('close', resolve));
        await times(3, () => refuse(gateway, '/'));
        await refuse(gateway, '/nothing');
        secure.destroy();
        await times(4, async () => {
          const raw = await Raw.open(gateway.address('clients_tls'), world.t);
          raw.write('no TLS at all, as a scanner would say it\r\n\r\n');
          await raw.untilEnd();
        });
      });
    },
  },
  expired: {
    alerts: ['SluiceCertificateExpires'],
    async run(world, pod) {
      await world.node(pod, world.tls(1));
      await world.provoke(pod, this.alerts);
    },
  },
  misread: {
    alerts: ['SluiceOptionsRefused'],
    async run(world, pod) {
      const file = path.join(world.folder(), 'sluice.toml');
      writeFileSync(file, 'log-level = "info"\n');
      await world.node(pod, ['--config', file]);
      let times = 0;
      await world.provoke(pod, this.alerts, () => writeFileSync(file, `log-level = "loud"\n# ${++times}\n`));
    },
  },
  overloaded: {
    alerts: ['SluiceOverloaded'],
    async run(world, pod) {
      const flags = ['--outbox-bytes-max', '4MiB', '--queued-bytes-max', '4MiB', '--outbox-age-ms-max', '3600000', '--memory-max', '2GiB'];
      const gateway = await world.node(pod, [...small, ...flags]);
      await world.deaf(gateway, 2);
      await world.provoke(pod, this.alerts, async () => {
        await gateway.publish('dropped for the deaf', { rooms: ['lobby'] }, { volatile: true });
        if ((await gateway.metric('sluice_overload_pressure', { resource: 'queued_bytes' })) < 0.89) await gateway.publish(text(16));
      });
    },
  },
  rude: {
    alerts: ['SluiceProtocolErrors', 'SluiceConnectionsLost'],
    async run(world, pod) {
      const gateway = await world.node(pod);
      await world.provoke(pod, this.alerts, async () => {
        const raws = await times(10, () => Raw.upgrade(gateway.clients, { headers: 'Sec-WebSocket-Extensions: permessage-deflate\r\n', t: world.t }));
        raws.forEach((raw, at) => raw.write(at % 2 ? frame(3, 'x') : frame(1, 'no deflate', { rsv: 0x40 })));
        await Promise.all(raws.map((raw) => raw.closeFrame()));
        raws.forEach((raw) => raw.socket.destroy());
        (await world.clients(gateway, 10)).forEach((client) => client.terminate());
      });
    },
  },
  waiting: {
    alerts: ['SluiceOutboxAge', 'SluiceQueuedBytesNearLimit'],
    async run(world, pod) {
      const gateway = await world.node(pod, [...small, '--outbox-bytes-max', '4MiB', '--queued-bytes-max', '4MiB', '--outbox-age-ms-max', '3600000']);
      await world.deaf(gateway, 2);
      // First the kernel's buffers fill, then the outboxes.
      while ((await gateway.metric('sluice_queued_bytes')) < 3_700_000) await gateway.publish(text(16));
      await world.provoke(pod, this.alerts);
    },
  },
  closing: {
    alerts: ['SluiceSlowClients'],
    async run(world, pod) {
      const gateway = await world.node(pod, [...small, '--outbox-bytes-max', '32KiB']);
      await world.provoke(pod, this.alerts, async () => {
        await world.deaf(gateway, 5);
        await times(20, () => gateway.publish(text(16)));
      });
    },
  },
  dropping: {
    alerts: ['SluiceMessagesDropped'],
    async run(world, pod) {
      const gateway = await world.node(pod, [...small, '--outbox-bytes-max', '64KiB', '--slow-policy', 'drop-oldest']);
      await world.deaf(gateway, 3);
      await world.provoke(pod, this.alerts, () => times(4, (at) => gateway.publish(text(16), undefined, at < 2 ? {} : { slowPolicy: at === 2 ? 'SLOW_POLICY_CONFLATE' : 'SLOW_POLICY_DROP_NEWEST', conflationKey: at === 2 ? 'k' : '' })));
    },
  },
  fast: {
    alerts: ['SluiceClientMessagesDropped'],
    async run(world, pod) {
      const gateway = await world.node(pod, ['--messages-per-second-max', '5', '--over-rate', 'drop']);
      const [client] = await world.clients(gateway, 1);
      await world.provoke(pod, this.alerts, () => {
        for (let at = 0; at < 10; ++at) client.send('too fast');
      });
    },
  },
  short: {
    alerts: ['SluiceHistoryFull', 'SluiceGaps'],
    async run(world, pod) {
      const gateway = await world.node(pod, ['--history-bytes-max', '64KiB', '--history-messages', '100000']);
      const probe = await gateway.connect('?envelope=1');
      await probe.count(1);
      const { position } = probe.parsed[0];
      probe.terminate();
      await world.provoke(pod, this.alerts, async () => {
        await times(100, () => gateway.publish('short'));
        (await gateway.connect(`?since=${position}`)).terminate();
      });
    },
  },
  mail: {
    alerts: ['SluicePublishesExhausted'],
    async run(world, pod) {
      const gateway = await world.node(pod, ['--mailbox-messages-max', '64']);
      await world.clients(gateway, 20);
      const messages = Array.from({ length: 1000 }, () => ({ target: { rooms: ['lobby'] }, payload: { text: 'x' } }));
      await world.provoke(pod, this.alerts, () => gateway.rpc().publishBatch({ messages }));
    },
  },
  // Deflating anew for each client, at the highest level and what is hardest for it, keeps a worker busy for seconds.
  busy: {
    alerts: ['SluiceLoopLag', 'SluiceLoopStuck', 'SluiceMailboxWait', 'SluiceFanOutSlow', 'SluiceCallsFail'],
    async run(world, pod) {
      const gateway = await world.node(pod, ['--compression', 'per-connection', '--compression-level', '9', '--outbox-bytes-max', '256MiB', '--history-messages', '0', '--stuck-worker-seconds', '600']);
      const raws = await world.deaf(gateway, 18, '?room=big', 'Sec-WebSocket-Extensions: permessage-deflate\r\n');
      for (const raw of raws) raw.socket.removeAllListeners('data').resume(); // what comes is not kept
      const payload = Array.from({ length: 450_000 }, () => 'acgt'[Math.floor(Math.random() * 4)]).join('');
      // As much as keeps it busy for longer than the alerts look back, however fast the machine is.
      let batches = 1;
      await world.provoke(pod, this.alerts, async () => {
        const began = Date.now();
        const messages = Array.from({ length: 8 }, () => ({ target: { rooms: ['big'] }, payload: { text: payload } }));
        for (let sent = 0; sent < batches; ++sent) await gateway.rpc().publishBatch({ messages });
        // What asks the worker has no answer in time, until it is done.
        const asks = (deadline) => gateway.rpc().listConnections({}, deadline).catch(() => null);
        await asks(300);
        await eventually(() => asks(2000), 'the worker to be done', 100_000);
        if (Date.now() - began < 25_000) batches *= 2;
      });
    },
  },
  strangers: {
    alerts: ['SluiceCallersRefused'],
    async run(world, pod) {
      const { stdout } = await run(['caller', '--scope', 'read', 'dash']);
      const file = path.join(world.folder(), 'callers');
      writeFileSync(file, stdout);
      const gateway = await world.node(pod, ['--callers', file]);
      await world.provoke(pod, this.alerts, () => assert.rejects(gateway.publish('x')));
    },
  },
  logic: {
    alerts: ['SluiceBackendGone', 'SluiceBackendEventsLost', 'SluiceMessagesWithoutBackend'],
    async run(world, pod) {
      const gateway = await world.node(pod, ['--client-messages', 'backend', '--backend-buffer-seconds', '1']);
      const backend = await new Backend(gateway, { group: 'logic' }).attached();
      await eventually(async () => (await world.prometheus.query(`sluice_backend_replicas{pod="${pod}"} == 1`)).length > 0, 'the backend to be scraped');
      backend.close();
      const [client] = await world.clients(gateway, 1);
      await world.provoke(pod, this.alerts, async () => {
        client.send('is anybody there?');
        (await gateway.connect()).terminate();
      });
    },
  },
  hanging: {
    alerts: ['SluiceBackendLags', 'SluiceBackendUnacknowledged', 'SluiceBackendOutOfCredits', 'SluiceReadsPaused'],
    async run(world, pod) {
      const gateway = await world.node(pod, ['--client-messages', 'backend', '--backend-buffer-bytes-max', '64KiB']);
      const backend = await new Backend(gateway, { group: 'hanging', credits: 5, acknowledges: false }).attached();
      world.t.after(() => backend.close());
      const clients = await world.clients(gateway, 10);
      await world.provoke(pod, this.alerts, () => {
        for (const client of clients) if (client.socket.bufferedAmount < 50_000) client.send(text(4));
      });
    },
  },
  silent: {
    alerts: ['SluiceVerdictsLate'],
    async run(world, pod) {
      const gateway = await world.node(pod, ['--client-messages', 'backend', '--connect-verdict', 'required', '--connect-verdict-seconds-max', '0.2']);
      await world.provoke(pod, this.alerts, () => refuse(gateway, '/'));
    },
  },
  datagrams: {
    alerts: ['SluiceUdpAnswersWithheld', 'SluiceUdpOverflows'],
    async run(world, pod) {
      const gateway = await world.node(pod, ['--listen-udp', '127.0.0.1:0', '--udp-receive-bytes', '64KiB']);
      const socket = dgram.createSocket('udp4');
      world.t.after(() => socket.close());
      const [host, port] = splitAddress(gateway.address('udp'));
      const send = (data) => new Promise((resolve) => socket.send(data, port, host, resolve));
      await world.provoke(pod, this.alerts, async () => {
        // Too short for the shortest answer; and more than the kernel keeps while the gateway stands still.
        await times(20, () => send('?'));
        gateway.signal('SIGSTOP');
        await times(200, () => send(text(1)));
        gateway.signal('SIGCONT');
      });
    },
  },
};
