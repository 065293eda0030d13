import type { TurnWriter, WriteTurns } from '@lianyun/protocol/mqtt';

/** So many wait for each other at most: the first of them for as long as it takes to read what the last one sent. */
const AT_A_TIME = 64;

/**
 * What is written to many connections during one turn of the event loop leaves together, after what was read. Written one by one between the
 * reads, each answer wakes its receiver for itself alone, and the system goes to and fro between both for every one of them.
 */
export class WriteTurn implements WriteTurns {
  #writers: TurnWriter[] = [];
  #isScheduled = false;

  /** Takes a writer that has something to write. */
  add(writer: TurnWriter): void {
    this.#writers.push(writer);
    if (this.#writers.length >= AT_A_TIME) return this.#write();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#write();
    });
  }

  #write(): void {
    const writers = this.#writers;
    this.#writers = [];
    for (const writer of writers) writer.endTurn();
  }
}
