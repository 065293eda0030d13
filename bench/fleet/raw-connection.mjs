// One device of the fleet: as little work as possible, so that the server is what is measured.
import net from 'node:net';
import mqttPacket from 'mqtt-packet';
import { reportOf, reportTopic } from '../report.mjs';
import { credentialsOf } from './identities.mjs';

// All sockets of the process read into it, one after the other.
const scratch = Buffer.allocUnsafeSlow(65_536);

const CONNACK = 0x20;
const PUBACK = 0x40;
/** CONNACK and PUBACK have the same length, and a fleet gets nothing else. */
const PACKET_BYTES = 4;

export class RawConnection {
  #device;
  #connect;
  #report;
  /** A digit of the temperature, which is another one in every report. */
  #digitAt;
  #turn = 0;
  #socket;
  #partial = 0;
  #onAccepted;
  #onAcknowledged;
  #onFault;

  constructor(device, { values, keepaliveSeconds, now, onFault }) {
    const { deviceId } = device;
    this.#device = deviceId;
    this.#onFault = onFault;
    this.#connect = mqttPacket.generate({
      cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: keepaliveSeconds, ...credentialsOf(device, now),
    });
    this.#report = mqttPacket.generate({ cmd: 'publish', topic: reportTopic(deviceId), payload: JSON.stringify(reportOf(values)), qos: 1, messageId: 1 });
    const name = '"temperature":';
    this.#digitAt = this.#report.indexOf(name) + name.length;
  }

  /** Connects and signs in. */
  open({ host, port }) {
    return new Promise((resolve) => {
      this.#onAccepted = resolve;
      const onread = { buffer: scratch, callback: (bytes) => this.#read(bytes) };
      this.#socket = net.connect({ host, port, noDelay: true, onread });
      this.#socket.once('connect', () => this.#socket.write(this.#connect));
      this.#socket.on('error', (error) => this.#onFault(new Error(`${this.#device}: ${error.message}`)));
      this.#socket.on('close', () => this.#onFault(new Error(`${this.#device}: the server closed the connection`)));
    });
  }

  /** Sends a report; `acknowledged(this)` is called with its PUBACK. */
  report(acknowledged) {
    this.#onAcknowledged = acknowledged;
    this.#turn = (this.#turn + 1) % 9;
    this.#report[this.#digitAt] = 0x31 + this.#turn;
    this.#socket.write(this.#report);
  }

  #read(bytes) {
    // Only one packet is ever on its way: its first byte and its last one say all.
    if (this.#partial === 0) {
      if (scratch[0] === CONNACK && bytes >= PACKET_BYTES && scratch[3] !== 0) this.#onFault(new Error(`${this.#device}: sign-in refused with ${scratch[3]}`));
      else if (scratch[0] !== CONNACK && scratch[0] !== PUBACK) this.#onFault(new Error(`${this.#device}: a packet of type ${scratch[0] >> 4} came`));
    }
    this.#partial += bytes;
    if (this.#partial < PACKET_BYTES) return true;
    if (this.#partial > PACKET_BYTES) this.#onFault(new Error(`${this.#device}: ${this.#partial} bytes came where ${PACKET_BYTES} were expected`));
    this.#partial = 0;
    if (this.#onAccepted === undefined) this.#onAcknowledged(this);
    else {
      const accepted = this.#onAccepted;
      this.#onAccepted = undefined;
      accepted();
    }
    return true;
  }
}
