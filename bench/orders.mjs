// The other end of processes.mjs: a process that takes orders on stdin and answers on stdout, both in JSON lines.
import readline from 'node:readline';

export function answer(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Answers order after order with what `carryOut` returns; the process ends with its stdin, and at the first fault. */
export function takeOrders(carryOut) {
  let last = Promise.resolve();
  readline
    .createInterface({ input: process.stdin })
    .on('line', (line) => {
      last = last.then(async () => answer(await carryOut(JSON.parse(line)))).catch(fault);
    })
    .on('close', () => process.exit(0));
}

/** Ends the process, saying why. */
export function fault(error) {
  process.stderr.write(`${error?.stack ?? error}\n`);
  process.exit(1);
}
