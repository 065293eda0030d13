import type { TurnWriter } from '@lianyun/protocol/mqtt';
import type { AccessLimits } from './limits.ts';
import type { TakenTogether, WaitingUplink } from './taken-together.ts';

/** The connection whose uplinks are taken. */
export interface IntakeOwner {
  pauseReading(): void;
  resumeReading(): void;
  intakeFailed(qos: 0 | 1, error: unknown): void;
}

/** What the intakes of all connections share. */
interface IntakeHost {
  readonly limits: AccessLimits;
  readonly takenTogether: TakenTogether;
}

/**
 * Uplinks of one connection that the platform takes later, and the PUBACKs owed for them. Those leave in the order in which the packets came
 * [MQTT-4.6.0-2]: one that is due waits for those before it. While too many wait, nothing more is read. A connection whose uplinks are all
 * taken at once has none of this.
 */
export class UplinkIntake {
  readonly #owner: IntakeOwner;
  readonly #writer: TurnWriter;
  readonly #host: IntakeHost;
  readonly #owed: Owed[] = [];
  #waiting = 0;
  #isPaused = false;

  constructor(owner: IntakeOwner, writer: TurnWriter, host: IntakeHost) {
    this.#owner = owner;
    this.#writer = writer;
    this.#host = host;
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
    else this.#owed.push(new Owed(this, { packetId, reasonCode, isDue: true }));
  }

  /** An uplink will have been taken when the promise resolves. `packetId` is 0 at QoS 0. */
  wait(taken: Promise<void>, packetId: number): void {
    const owed = new Owed(this, { packetId, reasonCode: 0, isDue: false });
    if (packetId !== 0) this.#owed.push(owed);
    this.#waiting++;
    if (this.#waiting > this.#host.limits.waitingUplinks && !this.#isPaused) {
      this.#isPaused = true;
      this.#owner.pauseReading();
    }
    this.#host.takenTogether.wait(taken, owed);
  }

  /** One of those that wait has failed. */
  failed(qos: 0 | 1, error: unknown): void {
    this.#waiting--;
    this.#owner.intakeFailed(qos, error);
    this.#resume();
  }

  /** One of those that wait is due. */
  taken(): void {
    this.#waiting--;
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
    if (!this.#isPaused || this.#waiting > this.#host.limits.waitingUplinks / 2) return;
    this.#isPaused = false;
    this.#owner.resumeReading();
  }
}

/** A PUBACK that is owed; at QoS 0, where there is none, only the wait. */
class Owed implements WaitingUplink {
  readonly #intake: UplinkIntake;
  readonly packetId: number;
  readonly reasonCode: number;
  isDue: boolean;

  constructor(intake: UplinkIntake, { packetId, reasonCode, isDue }: Pick<Owed, 'packetId' | 'reasonCode' | 'isDue'>) {
    this.#intake = intake;
    this.packetId = packetId;
    this.reasonCode = reasonCode;
    this.isDue = isDue;
  }

  onTaken(): void {
    this.isDue = true;
    this.#intake.taken();
  }

  onFailed(error: unknown): void {
    this.#intake.failed(this.packetId === 0 ? 0 : 1, error);
  }
}
