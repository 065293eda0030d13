// The cloud's end of the command round trip: a raw socket that sends one command and waits for its answer.
import net from 'node:net';
import mqttPacket from 'mqtt-packet';
import { HOST } from './network.mjs';
import { answerFilter, commandOf, commandTopic } from './report.mjs';

const ANSWER_MS = 3000;

/** Connects to a broker. `roundTrips(device, count)` resolves with the microseconds of each; throws when an answer does not come. */
export async function connectController(port) {
  const socket = net.connect({ host: HOST, port, noDelay: true });
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  const waiting = new Map();
  const send = (packet) => socket.write(mqttPacket.generate(packet));
  const came = (cmd) => new Promise((resolve) => waiting.set(cmd, resolve));
  let messageId = 1;
  parser.on('packet', (packet) => {
    if (packet.cmd === 'publish' && packet.qos === 1) socket.write(Buffer.from([0x40, 2, packet.messageId >> 8, packet.messageId & 255]));
    waiting.get(packet.cmd)?.(packet);
  });
  socket.on('data', (chunk) => parser.parse(chunk));
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const connected = came('connack');
  send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: 'controller', keepalive: 120 });
  await connected;

  async function roundTrip(device, id) {
    const topic = commandTopic(device, id);
    const payload = JSON.stringify(commandOf(device));
    let timer;
    const answered = came('publish');
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${device} did not answer a command within ${ANSWER_MS} ms`)), ANSWER_MS);
    });
    messageId = (messageId % 60_000) + 1;
    const startedAt = process.hrtime.bigint();
    send({ cmd: 'publish', topic, payload, qos: 1, messageId });
    const { payload: answer } = await Promise.race([answered, late]);
    const us = Number(process.hrtime.bigint() - startedAt) / 1000;
    clearTimeout(timer);
    if (JSON.parse(answer.toString()).result_code !== 0) throw new Error(`${device} answered a command with ${answer.toString()}`);
    return us;
  }

  return {
    async watch(device) {
      const subscribed = came('suback');
      send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: answerFilter(device), qos: 1 }] });
      await subscribed;
    },
    async roundTrips(device, count) {
      const list = [];
      for (let i = 0; i < count; i++) list.push(await roundTrip(device, `r${messageId}`));
      return list;
    },
    close: () => socket.destroy(),
  };
}
