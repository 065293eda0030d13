import { LianyunError, type Timer } from '@lianyun/protocol';
import type { Connection } from './connection.ts';
import { whereOf, type Endpoint } from './net/endpoint.ts';
import type { Settings } from './options.ts';
import type { Outbox } from './outbox.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Looks in a row that find the server alive and not one acknowledgement, after which the connection is given up. */
const MAX_IDLE_LOOKS = 3;

interface Repeater {
  /** Writes again what the cloud should have answered by now. */
  repeatOverdue(): void;
}

/** A connection that is watched. */
interface Watched {
  readonly connection: Connection;
  readonly settings: Settings;
  readonly endpoint: Endpoint;
}

/** Looks now and then whether what was sent is acknowledged: a half-open link is found long before keepalive would. It rests while nothing waits. */
export class AckWatch {
  readonly #outbox: Outbox;
  readonly #subscriptions: Subscriptions;
  readonly #repeater: Repeater;
  #watched: Watched | undefined;
  #timer: Timer | undefined;
  /** Whether something was acknowledged since the last look, and how many looks found nothing. */
  #hasProgress = false;
  #idleLooks = 0;

  constructor(outbox: Outbox, subscriptions: Subscriptions, repeater: Repeater) {
    this.#outbox = outbox;
    this.#subscriptions = subscriptions;
    this.#repeater = repeater;
  }

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  start(watched: Watched): void {
    watched.connection.startListening();
    this.#watched = watched;
    this.#hasProgress = false;
    this.#idleLooks = 0;
    this.#wait(watched);
  }

  /** Something was acknowledged. */
  progress(): void {
    this.#hasProgress = true;
  }

  /** The connection is gone. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#watched = undefined;
  }

  #wait(watched: Watched): void {
    const { clock, ackSilenceMs, answerMs } = watched.settings;
    const lookMs = Math.min(ackSilenceMs, answerMs);
    this.#timer = clock.after(lookMs, () => this.#look(watched, lookMs), true);
  }

  #look(watched: Watched, lookMs: number): void {
    this.#timer = undefined;
    const { connection, endpoint } = watched;
    const awaited = this.#outbox.onWire.packetIds + this.#subscriptions.open;
    if (this.#outbox.inFlight === 0 && awaited === 0) return;
    this.#idleLooks = this.#hasProgress || awaited === 0 ? 0 : this.#idleLooks + 1;
    this.#hasProgress = false;
    if (this.#idleLooks === MAX_IDLE_LOOKS) {
      const text = `${whereOf(endpoint)} answers pings, but has acknowledged nothing for ${lookMs * MAX_IDLE_LOOKS} ms.`;
      return connection.end('network', new LianyunError('timeout', text));
    }
    // Before either, since both may find that the connection is gone, and what is sent now must not begin the count anew.
    this.#wait(watched);
    connection.checkSilence();
    this.#repeater.repeatOverdue();
  }
}
