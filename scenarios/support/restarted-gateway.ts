// A gateway that does what it is told with its lamps and stays, for tests that end it at any moment. It takes one JSON argument, and says on stdout how far it is.
import { GATEWAYS } from './gateways.ts';

interface Orders {
  readonly cloud: string;
  readonly server: string;
  readonly topology: string;
  /** `add 0 1`, `online 0`, `offline 1`, `remove 0`: what to do with which lamps. */
  readonly orders: readonly string[];
}

// The argument is the test's own.
const { cloud: name, server, topology, orders } = JSON.parse(process.argv[2] ?? '{}') as Orders;
const cloud = GATEWAYS.find((each) => each.name === name);
if (cloud === undefined) throw new Error(`there is no cloud ${name}`);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const device = cloud.gateway(server, { topology });
const { gateway } = device;
device.on('problem', (problem) => say(`problem ${problem.message}`));
await device.connect();
for (const order of orders) {
  const [verb, ...lamps] = order.split(' ');
  const numbers = lamps.map(Number);
  const refs = numbers.map((lamp) => cloud.lamp(lamp));
  const doing = { add: () => gateway.add(numbers.map((lamp) => cloud.newLamp(lamp))), remove: () => gateway.remove(refs), online: () => gateway.online(refs), offline: () => gateway.offline(refs) }[verb ?? ''];
  const failed = (await doing?.())?.filter(({ code }) => code !== 0);
  say(`${order}: ${failed?.length === 0 ? 'done' : JSON.stringify(failed)}`);
}
say('ready');
