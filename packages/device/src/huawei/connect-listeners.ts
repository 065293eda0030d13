import type { ConnectActionListener, ConnectListener } from './listeners.ts';
import type { Speaker } from './speaker.ts';
import { checked } from './values.ts';

/** Who hears of the connection of one device. */
export class ConnectListeners {
  readonly #speaker: Speaker;
  readonly #listeners = new Set<ConnectListener>();
  /** Hears how a call of `connect()` ended. */
  action: ConnectActionListener | undefined;

  constructor(speaker: Speaker) {
    this.#speaker = speaker;
  }

  add(listener: ConnectListener): () => void {
    // Null takes back what is set, and nothing is set here.
    checked((listener as ConnectListener | null) ?? undefined, 'addConnectListener', ['connectComplete', 'connectionLost']);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  connected(isAgain: boolean, serverUri: string): void {
    for (const listener of this.#listeners) this.#speaker.call('ConnectListener.connectComplete', () => listener.connectComplete(isAgain, serverUri));
  }

  lost(why: string): void {
    for (const listener of this.#listeners) this.#speaker.call('ConnectListener.connectionLost', () => listener.connectionLost(why));
  }

  /** A call of `connect()` ended. @param outcome 0, a CONNACK code, or -1. */
  ended(outcome: number, error: Error | undefined): void {
    const { action } = this;
    if (outcome === 0) this.#speaker.call('ConnectActionListener.onSuccess', () => action?.onSuccess(outcome));
    else this.#speaker.call('ConnectActionListener.onFailure', () => action?.onFailure(outcome, error ?? new Error('The device was closed.')));
  }
}
