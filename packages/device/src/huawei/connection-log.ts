import type { Speaker } from './speaker.ts';

/** What the platform shows as the log of a device's connection (Huawei 5.6): each connect, and what was between it and the last. */
export class ConnectionLog {
  readonly #speaker: Speaker;
  /** When the connection was lost that is made again. */
  #lostAt: number | undefined;
  /** The last attempt that failed since the device was online. */
  #failed: { readonly at: number; readonly why: string } | undefined;

  constructor(speaker: Speaker) {
    this.#speaker = speaker;
  }

  lost(): void {
    this.#lostAt = this.#speaker.now();
  }

  failed(why: string): void {
    this.#failed = { at: this.#speaker.now(), why };
  }

  /** Tells what there is to tell, once, unless the platform wants no logs. */
  connected(serverUri: string): void {
    const [lostAt, failed] = [this.#lostAt, this.#failed];
    this.#lostAt = undefined;
    this.#failed = undefined;
    this.#tell(`connect complete, the uri is ${serverUri}`, this.#speaker.now());
    if (lostAt !== undefined) this.#tell('connect lost', lostAt);
    if (failed !== undefined) this.#tell(`connect failed, the reason is ${failed.why}`, failed.at);
  }

  #tell(content: string, at: number): void {
    if (this.#speaker.core.logs.config.on) this.#speaker.send('log.report', { type: 'DEVICE_STATUS', content, at }, undefined, { at: this.#speaker.now(), hold: 'live' });
  }
}
