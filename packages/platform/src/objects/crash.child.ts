// Puts objects until it is killed, each in the place of an older one; writes the number of each on stdout as soon as it is stored. Its arguments: the folder, and where the numbers begin.
import { writeSync } from 'node:fs';
import { systemClock } from '@lianyun/protocol';
import { openStorage } from '../storage/storage.ts';
import { Objects } from './objects.ts';

const [, , directory, from = '0'] = process.argv;
const storage = openStorage({ directory });
const objects = new Objects({ storage, clock: systemClock });

for (let number = Number(from); true; number++) {
  const piece = Buffer.alloc(1 + ((number * 7919) % 50_000), number % 251);
  await objects.put({ bucket: 'b', key: `k${number % 5}` }, [piece, piece, piece], { type: String(number) });
  // Synchronous, and in one piece: what the parent has read was stored.
  writeSync(1, `${number}\n`);
}
