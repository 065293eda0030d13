// The check before publishing is measured: does everybody send the same bytes?
import net from 'node:net';
import mqttPacket from 'mqtt-packet';
import { HOST } from './network.mjs';

const ANSWER_MS = 5000;

/** Listens as a broker that says yes to everything and keeps what is published. */
async function listen() {
  const published = [];
  const server = net.createServer((socket) => {
    const parser = mqttPacket.parser({ protocolVersion: 4 });
    socket.on('error', () => {});
    socket.on('data', (chunk) => parser.parse(chunk));
    parser.on('packet', (packet) => {
      if (packet.cmd === 'connect') socket.write(mqttPacket.generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }));
      if (packet.cmd !== 'publish') return;
      if (packet.qos === 1) socket.write(mqttPacket.generate({ cmd: 'puback', messageId: packet.messageId }));
      published.push({ topic: packet.topic, qos: packet.qos, payload: packet.payload.toString() });
    });
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, HOST, resolve));
  return { published, port: server.address().port, close: () => server.close() };
}

/** Has every client send one report of every case to a listener. Throws unless topic, QoS and payload are exactly the expected ones. */
export async function checkSameBytes(machine, { clients, cases, expected }) {
  for (const client of clients) {
    const { published, port, close } = await listen();
    const device = machine.device(client, { mode: 'publish', host: HOST, port, id: 'same' });
    try {
      await device.next();
      for (const each of cases) {
        published.length = 0;
        await device.ask({ ...each, once: true }, ANSWER_MS);
        const [report, fence, ...more] = published;
        const sent = JSON.stringify(report);
        const wanted = JSON.stringify(expected('same', each));
        if (sent !== wanted) throw new Error(`${client} sends other bytes: ${difference(sent, wanted)}`);
        if (fence?.qos !== 1 || more.length > 0) throw new Error(`${client} sends no fence, or more than the report and its fence`);
      }
    } finally {
      await device.end();
      close();
    }
  }
}

/** The neighbourhood of the first byte that differs. */
function difference(sent, wanted) {
  if (sent === undefined) return 'nothing came';
  const at = [...wanted].findIndex((character, index) => character !== sent[index]);
  const near = (text) => JSON.stringify(text.slice(Math.max(0, at - 20), at + 20));
  return `${near(sent)} instead of ${near(wanted)}`;
}
