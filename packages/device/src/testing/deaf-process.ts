// Run by device.test.ts as a process of its own: devices without a single listener under every fault. It must end by itself.
import { huaweiDevice, tencentDevice, turns, until } from './support.ts';
import { ScriptedServer, type Script } from './scripted-server.ts';
import { FakeClock } from '@lianyun/protocol/testing';

const clock = new FakeClock();
const faults: Script[] = [
  { connack: 1 },
  { connack: 3 },
  { connack: 4 },
  { connack: 'close' },
  { connack: 'reset' },
  { connack: 'never' },
  { suback: 'never' },
  { suback: () => 0x80 },
  { pubacks: false },
  { endOn: () => 'close' },
  { endOn: () => 'reset' },
  { isDead: () => true },
  { reads: false },
  { isByteByByte: true },
  { onPublish: (_, connection) => connection.raw(Buffer.from([0xff, 0xff, 0xff])) },
  { onPublish: (_, connection) => connection.send('$oc/devices/prod1_dev1/sys/commands/request_id=1', 'no JSON', { qos: 1 }) },
  { onPublish: (_, connection) => connection.send('$thing/down/property/ABCDE12345/dev1', { method: 'control', params: 5 }) },
  { onPublish: (_, connection) => connection.send('nobody/hears', 'x', { qos: 2, packetId: 1 }) },
];

const servers: ScriptedServer[] = [];
for (const fault of faults) servers.push(await ScriptedServer.listen(clock, fault));
const devices = servers.flatMap((server) => [huaweiDevice(server), tencentDevice(server)]);
const gone = await ScriptedServer.listen(clock);
devices.push(huaweiDevice({ url: gone.url, clock }), tencentDevice({ url: `mqtt://localhost:${gone.port}`, clock }));
await gone[Symbol.asyncDispose]();

for (const device of devices) {
  device.properties.onSet(() => Promise.reject(new Error('no')));
  device.commands.handle('*', () => {
    throw new Error('no');
  });
  void device.connect().catch(() => undefined);
  device.properties.report({ service: 's', values: { n: 1 } });
  device.properties.report(undefined as never);
  device.topics.publish('#', 'x');
}
await until(() => servers.every(({ connections }) => connections.length >= 2), 'a connection of each');
for (let i = 0; i < 60; i++) {
  clock.advance(2500);
  await turns(20);
  for (const device of devices) device.properties.report({ service: 's', values: { n: i } });
}
const closings = devices.map((device) => device.close({ drainMs: 1000 }));
clock.advance(1000);
await turns(5);
clock.advance(1000);
await Promise.all(closings);
const connections = servers.reduce((sum, server) => sum + server.connections.length, 0);
for (const server of servers) await server[Symbol.asyncDispose]();
// Nothing else may keep the process: the next line is only reached when it would end by itself.
process.once('beforeExit', () => {
  const left = [...process.getActiveResourcesInfo().filter((name) => !/^(TTY|Pipe|FSReq)/.test(name)), ...(clock.timers > 0 ? [`${clock.timers} timers`] : [])];
  process.stdout.write(`ended by itself after ${connections} connections; left: ${left.join(', ') || 'nothing'}\n`);
});
