// Takes in reports until it is killed; writes the number of each on stdout as soon as it is stored. Its arguments: the folder, and where the numbers begin.
import { writeSync } from 'node:fs';
import { openStorage } from './storage.ts';

const [, , directory, from = '0'] = process.argv;
// The times of its reports are their numbers: 1970 must not be too old.
const storage = openStorage({ directory, cached: 3, historyDays: 36_500 });

let number = Number(from);
while (true) {
  const first = number;
  for (let each = 0; each < 40; each++, number++) {
    storage.twins.report('huawei', `d${number % 25}`, [{ service: 's', values: { number, text: 'x'.repeat(number % 300) }, at: number }], number);
  }
  if (first % 400 === 0) storage.twins.delete('huawei', 'scratch');
  storage.twins.report('huawei', 'scratch', [{ values: { number } }], number);
  storage.events.add('huawei', 'e', [{ name: 'turn', params: { number } }], number);
  storage.mailbox.receive('huawei', 'e', { content: number }, number);
  storage.mailbox.put('huawei', 'e', { id: `m${number % 800}`, content: number, format: 'standard', encoding: 'none', status: number % 120 === 0 ? 'pending' : 'delivered', createdAt: number, expiresAt: number });
  storage.gatewayLists.begin('e', first / 40);
  storage.gatewayLists.add('e', { version: number / 40, change: 'added', children: [{ device: `d${number}` }] });
  await storage.stored();
  // Synchronous, and in one piece: what the parent has read was stored.
  writeSync(1, `${number}\n`);
}
