import type { TurnWriter } from '@lianyun/protocol/mqtt';

/** The connection whose uplinks are taken. */
export interface IntakeOwner {
  pauseReading(): void;
  resumeReading(): void;
  intakeFailed(qos: 0 | 1, error: unknown): void;
}

interface Owed {
  readonly packetId: number;
  readonly reasonCode: number;
  isDue: boolean;
}

/**
 * Uplinks of one connection that the platform takes later, and the PUBACKs owed for them. Those leave in the order in which the packets came
 * [MQTT-4.6.0-2]: one that is due waits for those before it. While too many wait, nothing more is read. A connection whose uplinks are all
 * taken at once has none of this.
 */
export class UplinkIntake {
  readonly #owner: IntakeOwner;
  readonly #writer: TurnWriter;
  readonly #limit: number;
  readonly #owed: Owed[] = [];
  #waiting = 0;
  #isPaused = false;

  constructor(owner: IntakeOwner, writer: TurnWriter, limit: number) {
    this.#owner = owner;
    this.#writer = writer;
    this.#limit = limit;
  }

  /** PUBACKs that are not sent yet. */
  get owed(): number {
    return this.#owed.length;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** An uplink at QoS 1 was taken at once. */
  puback(packetId: number, reasonCode = 0): void {
    if (this.#owed.length === 0) this.#writer.puback(packetId, reasonCode);
    else this.#owed.push({ packetId, reasonCode, isDue: true });
  }

  /** An uplink will have been taken when the promise resolves. `packetId` is 0 at QoS 0. */
  wait(taken: Promise<void>, packetId: number): void {
    const owed: Owed = { packetId, reasonCode: 0, isDue: false };
    if (packetId !== 0) this.#owed.push(owed);
    this.#waiting++;
    if (this.#waiting > this.#limit && !this.#isPaused) {
      this.#isPaused = true;
      this.#owner.pauseReading();
    }
    taken.then(
      () => {
        this.#onTaken(owed);
      },
      (error: unknown) => {
        this.#waiting--;
        this.#owner.intakeFailed(packetId === 0 ? 0 : 1, error);
        this.#resume();
      },
    );
  }

  #onTaken(owed: Owed): void {
    this.#waiting--;
    owed.isDue = true;
    let count = 0;
    for (const { packetId, reasonCode, isDue } of this.#owed) {
      if (!isDue) break;
      this.#writer.puback(packetId, reasonCode);
      count++;
    }
    if (count > 0) this.#owed.splice(0, count);
    this.#resume();
  }

  #resume(): void {
    if (!this.#isPaused || this.#waiting > this.#limit / 2) return;
    this.#isPaused = false;
    this.#owner.resumeReading();
  }
}
