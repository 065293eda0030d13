// A cloud as far as an upgrade needs one, without any of our own code: a server that gives files of any size out of memory, and an MQTT broker over which it
// offers them to a Huawei device. node cloud-process.mjs '{"host":…,"device":…}'
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import { Aedes } from 'aedes';
import { answer, fault, takeOrders } from '../orders.mjs';

const { host, device } = JSON.parse(process.argv[2]);
process.on('uncaughtException', fault);
/** Every file is this again and again. */
const BLOCK = randomBytes(8 * 1024 * 1024);
const PIECE = 1024 * 1024;

function* piecesOf(bytes) {
  for (let at = 0; at < bytes; ) {
    const from = at % BLOCK.length;
    const piece = BLOCK.subarray(from, Math.min(from + PIECE, from + bytes - at, BLOCK.length));
    at += piece.length;
    yield piece;
  }
}

function sha256Of(bytes) {
  const hash = createHash('sha256');
  for (const piece of piecesOf(bytes)) hash.update(piece);
  return hash.digest('hex');
}

const files = http.createServer((request, response) => {
  const bytes = Number(request.url.slice(1));
  response.writeHead(200, { 'content-length': bytes, etag: `"${bytes}"` });
  const pieces = piecesOf(bytes);
  const send = () => {
    // Not for…of: leaving it ends the generator.
    for (let next = pieces.next(); !next.done; next = pieces.next()) if (!response.write(next.value)) return response.once('drain', send);
    response.end();
  };
  send();
});
const broker = await Aedes.createBroker({});
const mqtt = net.createServer({ noDelay: true }, broker.handle);
const portOf = (server) => new Promise((resolve, reject) => server.once('error', reject).listen({ host, port: 0 }, () => resolve(server.address().port)));
const [http_, mqtt_] = [await portOf(files), await portOf(mqtt)];

answer({ http: http_, mqtt: mqtt_ });
takeOrders(({ sha256, offer }) => {
  if (sha256 !== undefined) return { sha256: sha256Of(sha256) };
  const paras = { version: '2.0', url: `http://${host}:${http_}/${offer.bytes}`, expires: 86_400, file_size: offer.bytes, sign: offer.sha256 };
  const payload = JSON.stringify({ object_device_id: device, services: [{ service_id: '$ota', event_type: 'firmware_upgrade_v2', event_time: '20261121T224000Z', paras }] });
  return new Promise((resolve, reject) => broker.publish({ topic: `$oc/devices/${device}/sys/events/down`, payload, qos: 1 }, (error) => (error ? reject(error) : resolve({}))));
});
