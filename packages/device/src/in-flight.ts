import type { Clock } from '@lianyun/protocol';
import type { Entry } from './entry.ts';
import { PacketIds } from './packet-ids.ts';

/** The messages that were written to the connection there is, and what each of them waits for: PUBACK, the cloud's own answer, the socket. */
export class InFlight {
  readonly #clock: Clock;
  readonly #byPacketId = new PacketIds();
  #byKey: Map<string, Entry[]> | undefined;
  /** QoS 0 entries whose bytes have not left yet, oldest first. */
  #unwritten: Entry[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Packet ids that wait for their PUBACK, those of messages that were settled otherwise included. */
  get packetIds(): number {
    return this.#byPacketId.size;
  }

  hasPacketId(packetId: number): boolean {
    return this.#byPacketId.get(packetId) !== undefined;
  }

  /** Adds a message that was just written: `end` is the writer's offset behind it. */
  add(entry: Entry, packetId: number, end: number): void {
    entry.packetId = packetId;
    const key = entry.options.settledBy;
    if (packetId !== 0) this.#byPacketId.set(packetId, entry);
    else if (key === undefined) {
      entry.end = end;
      this.#unwritten.push(entry);
    }
    if (key === undefined) return;
    entry.attempts = 1;
    entry.sentAt = this.#clock.elapsed();
    this.#byKey ??= new Map();
    const entries = this.#byKey.get(key);
    if (entries === undefined) this.#byKey.set(key, [entry]);
    else entries.push(entry);
  }

  /** Notes that a message was written once more; a PUBACK of either time counts. */
  repeat(entry: Entry, packetId: number): void {
    entry.attempts++;
    entry.sentAt = this.#clock.elapsed();
    entry.packetId = packetId;
    if (packetId !== 0) this.#byPacketId.set(packetId, entry);
  }

  /** Takes out the message of a packet id. */
  takePacketId(packetId: number): Entry | undefined {
    const entry = this.#byPacketId.get(packetId);
    if (entry !== undefined) this.#byPacketId.delete(packetId);
    return entry;
  }

  /** The oldest message that waits for an answer with this key. */
  firstOf(key: string): Entry | undefined {
    return this.#byKey?.get(key)?.[0];
  }

  /** Messages that wait for an answer and were last written at `at` or before. */
  lateSince(at: number): Entry[] {
    return [...(this.#byKey?.values() ?? [])].flat().filter((entry) => entry.sentAt <= at);
  }

  /** The socket has taken everything up to an offset: hands over the messages before it. */
  written(total: number, done: (entry: Entry) => void): void {
    let count = 0;
    for (const entry of this.#unwritten) {
      if (entry.end > total) break;
      count++;
      done(entry);
    }
    if (count === this.#unwritten.length) this.#unwritten = [];
    else if (count > 0) this.#unwritten.splice(0, count);
  }

  /**
   * A message is settled. Its packet id stays taken until the PUBACK or the end of the connection: a late PUBACK must not settle
   * another message.
   */
  settled(entry: Entry): void {
    const key = entry.options.settledBy;
    if (key === undefined) return;
    const entries = this.#byKey?.get(key);
    const at = entries?.indexOf(entry) ?? -1;
    if (at >= 0) entries?.splice(at, 1);
    if (entries?.length === 0) this.#byKey?.delete(key);
  }

  /** Every message here, some twice. */
  all(): Entry[] {
    return [...this.#byPacketId.values(), ...[...(this.#byKey?.values() ?? [])].flat(), ...this.#unwritten];
  }

  /** The connection is gone. */
  clear(): void {
    this.#byPacketId.clear();
    this.#byKey = undefined;
    this.#unwritten = [];
  }
}
