// Who is measured. A client's module is only loaded by the process that measures it, so that its start-up is its own.
const CLIENTS = {
  ours: { module: () => import('./ours.mjs') },
  'MQTT.js +noDelay': { module: () => import('./mqttjs.mjs'), noDelay: true },
  'MQTT.js': { module: () => import('./mqttjs.mjs'), noDelay: false },
  'raw socket': { module: () => import('./raw-socket.mjs') },
};

/**
 * Loads a client. Its `connect({ host, port, id, qos?, checks? })` resolves with a device that has
 * - `report(values, done)`; `done` is called when the report is handed over (QoS 0) or acknowledged (QoS 1),
 * - `fence()`: sends a QoS 1 message behind everything else, resolves when it is acknowledged,
 * - `handle(name, work)`: answers a command after `work()`; `subscribe()`: asks the broker for commands,
 * - `run(values, { window, ms })`, only the raw socket: in place of the pump.
 */
export async function loadClient(name) {
  const { module, ...options } = CLIENTS[name];
  const { load } = await module();
  return load(options);
}
