// What the servers under test have in common: how they are started, and how their memory is read.
import { setTimeout as sleep } from 'node:timers/promises';
import { answer, fault, takeOrders } from '../orders.mjs';

/**
 * Runs a server: `start({ host, devices })` resolves with its port, what it does in words, and a function that counts the devices whose reports
 * it has stored. Every order is answered with that number and the memory in use.
 */
export async function serve(start) {
  process.on('uncaughtException', fault);
  const { port, about, countStored } = await start(JSON.parse(process.argv[2]));
  await settle();
  answer({ port, about });
  takeOrders(async () => {
    await settle();
    const { rss, heapUsed } = process.memoryUsage();
    return { rssKiB: rss / 1024, heapKiB: heapUsed / 1024, stored: countStored() };
  });
}

async function settle() {
  for (let i = 0; i < 3; i++) {
    await sleep(100);
    globalThis.gc();
  }
}
