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
  await storage.stored();
  // Synchronous, and in one piece: what the parent has read was stored.
  writeSync(1, `${number}\n`);
}
