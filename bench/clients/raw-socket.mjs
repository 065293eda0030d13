// The floor: a raw socket and packets that were encoded beforehand; acknowledgements are counted, never read.
import net from 'node:net';
import mqttPacket from 'mqtt-packet';
import { reportOf, reportTopic } from '../report.mjs';

/** Bytes of one write at QoS 0. */
const BLOCK_BYTES = 65_536;
const FENCE_ID = 65_000;
const PUBACK_BYTES = 4;

export async function load() {
  return {
    async connect({ host, port, id, qos = 1 }) {
      const socket = net.connect({ host, port, noDelay: true });
      socket.on('error', (error) => {
        throw error;
      });
      socket.write(mqttPacket.generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: id, keepalive: 120 }));
      await new Promise((resolve) => socket.once('data', resolve));
      return new RawDevice(socket, reportTopic(id), qos);
    },
  };
}

/** One device; see catalogue.mjs. */
class RawDevice {
  #socket;
  #topic;
  #qos;
  #bytes = 0;
  #onAcks = () => {};

  constructor(socket, topic, qos) {
    this.#socket = socket;
    this.#topic = topic;
    this.#qos = qos;
    socket.on('data', (chunk) => {
      this.#bytes += chunk.length;
      const acks = Math.floor(this.#bytes / PUBACK_BYTES);
      this.#bytes %= PUBACK_BYTES;
      if (acks > 0) this.#onAcks(acks);
    });
  }

  report(values, done) {
    this.#onAcks = () => done();
    this.#socket.write(this.#encode(values), this.#qos === 0 ? done : undefined);
  }

  fence() {
    return new Promise((resolve) => {
      this.#onAcks = resolve;
      this.#socket.write(mqttPacket.generate({ cmd: 'publish', topic: this.#topic, payload: '{}', qos: 1, messageId: FENCE_ID }));
    });
  }

  run(values, options) {
    return this.#qos === 0 ? this.#pour(this.#encode(values), options) : this.#refill(this.#encode(values), options);
  }

  #encode(values) {
    return mqttPacket.generate({ cmd: 'publish', topic: this.#topic, payload: JSON.stringify(reportOf(values)), qos: this.#qos, messageId: 1 });
  }

  /** QoS 0: as fast as the socket takes it. */
  async #pour(packet, { window, ms }) {
    const end = performance.now() + ms;
    const count = Math.min(window, Math.max(1, Math.floor(BLOCK_BYTES / packet.length)));
    const block = Buffer.concat(Array(count).fill(packet));
    let sent = 0;
    while (performance.now() < end) {
      sent += count;
      if (!this.#socket.write(block)) await new Promise((resolve) => this.#socket.once('drain', resolve));
    }
    return sent;
  }

  /** QoS 1: as many as were acknowledged, in one write. */
  #refill(packet, { window, ms }) {
    const end = performance.now() + ms;
    const idAt = packet.indexOf(this.#topic) + this.#topic.length;
    let packetId = 0;
    let sent = 0;
    const put = (count) => {
      const block = Buffer.allocUnsafe(count * packet.length);
      for (let at = 0; at < block.length; at += packet.length) {
        packet.copy(block, at);
        packetId = (packetId % 60_000) + 1;
        block.writeUInt16BE(packetId, at + idAt);
      }
      this.#socket.write(block);
      sent += count;
    };
    return new Promise((resolve) => {
      let open = window;
      this.#onAcks = (acks) => {
        open -= acks;
        if (performance.now() < end) {
          put(window - open);
          open = window;
        } else if (open === 0) resolve(sent);
      };
      put(window);
    });
  }
}
