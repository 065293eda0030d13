import { isLianyunError, LianyunError, type Clock, type DeviceRef, type ErrorCode } from '@lianyun/protocol';
import type { Downlink } from './downlink.ts';
import type { Letter, Mailbox } from './mailbox.ts';
import type { Registry } from './registry.ts';

/** Messages that wait for one device at most (Huawei 3.2). */
const MAX_WAITING = 20;

/** What is the application's own mistake, and not what became of its message. */
const MISTAKES: readonly ErrorCode[] = ['unsupported', 'bad-input', 'too-large'];

/** What an application gives for a device. `ttlMs` 0: it is not kept for a device that is offline. */
export type LetterDraft = Pick<Letter, 'id' | 'name' | 'content' | 'format' | 'encoding' | 'topic' | 'properties'> & { readonly ttlMs: number };

interface PostmanOptions {
  readonly mailbox: Mailbox;
  readonly downlink: Downlink;
  readonly registry: Registry;
  readonly clock: Clock;
}

/** Brings applications' messages to Huawei devices, at once or when they connect, each device's in their order (Huawei 3.2). */
export class Postman {
  readonly #options: PostmanOptions;
  /** The delivery under way for each device: the next begins behind it. */
  readonly #rounds = new Map<DeviceRef, Promise<void>>();

  constructor(options: PostmanOptions) {
    this.#options = options;
  }

  /**
   * Takes a message and delivers it when the device is online; resolves with what became of it so far, `failed` for one that the device did not
   * take. Rejects with `conflict` for an id that is there already, with `bad-input` or `too-large` for what cannot be written, with `unsupported`
   * when the device has not subscribed the message's topic.
   */
  async post(device: DeviceRef, { ttlMs, ...draft }: LetterDraft): Promise<Letter> {
    const { mailbox, downlink, clock } = this.#options;
    if (this.find(device, draft.id) !== undefined) throw new LianyunError('conflict', `There is a message ${JSON.stringify(draft.id)} for ${device} already.`, { device });
    const now = clock.now();
    const letter: Letter = { ...draft, status: 'pending', createdAt: now, expiresAt: now + ttlMs };
    if (!downlink.reaches('huawei', device)) {
      // A subscription lives as long as its connection, so nothing could be delivered there.
      if (letter.topic !== undefined) throw new LianyunError('unsupported', `${device} is offline and has not subscribed ${letter.topic}.`, { device, topic: letter.topic });
      if (ttlMs === 0) return this.#finish(device, letter, { status: 'failed', failure: { code: 'offline', text: 'The device is offline, and the message is not to be kept.' } });
      mailbox.put('huawei', device, letter);
      for (const oldest of this.#waiting(device).slice(0, -MAX_WAITING)) this.#finish(device, oldest, { status: 'failed', failure: { code: 'dropped', text: `A younger message took its place: at most ${MAX_WAITING} wait for a device.` } });
      return letter;
    }
    mailbox.put('huawei', device, letter);
    const refused = await this.#round(device, [letter.id]);
    if (refused !== undefined && MISTAKES.includes(refused.code)) throw refused;
    return this.find(device, letter.id) ?? letter;
  }

  /** Delivers what waits for a device that connected, and for those that connect through it. */
  cameOnline(via: DeviceRef): void {
    const { mailbox, registry } = this.#options;
    for (const device of [via, ...registry.childrenOf('huawei', via).map((child) => child.device)]) {
      if (mailbox.mayWait('huawei', device)) void this.#round(device, this.#waiting(device).map(({ id }) => id));
    }
  }

  /** The messages for a device, oldest first. */
  letters(device: DeviceRef): readonly Letter[] {
    this.#expire(device);
    return this.#options.mailbox.letters('huawei', device);
  }

  find(device: DeviceRef, id: string): Letter | undefined {
    this.#expire(device);
    return this.#options.mailbox.find('huawei', device, id);
  }

  /** Takes a message out; one that waits is not delivered any more. False when there is none with that id. */
  remove(device: DeviceRef, id: string): boolean {
    return this.#options.mailbox.remove('huawei', device, id);
  }

  #waiting(device: DeviceRef): readonly Letter[] {
    return this.letters(device).filter(({ status }) => status === 'pending');
  }

  /** Delivers behind the round under way, and resolves with the first refusal. */
  async #round(device: DeviceRef, ids: readonly string[]): Promise<LianyunError | undefined> {
    const before = this.#rounds.get(device) ?? Promise.resolve();
    let refused: LianyunError | undefined;
    const round = before.then(async () => {
      for (const id of ids) {
        const letter = this.find(device, id);
        if (letter?.status !== 'pending') continue;
        const error = await this.#deliver(device, letter);
        if (error === 'gone') return;
        refused ??= error;
      }
    });
    this.#rounds.set(device, round);
    await round;
    if (this.#rounds.get(device) === round) this.#rounds.delete(device);
    return refused;
  }

  async #deliver(device: DeviceRef, letter: Letter): Promise<LianyunError | 'gone' | undefined> {
    // One that was taken out meanwhile stays out.
    const settle = (end: Pick<Letter, 'status' | 'failure'>): void => {
      if (this.#options.mailbox.find('huawei', device, letter.id) !== undefined) this.#finish(device, letter, end);
    };
    try {
      await this.#options.downlink.post('huawei', device, letter);
      settle({ status: 'delivered' });
      return undefined;
    } catch (cause) {
      const error = isLianyunError(cause) ? cause : new LianyunError('bad-input', String(cause), { device, cause });
      const failed = { status: 'failed', failure: { code: error.code, text: error.message } } as const;
      if (error.code === 'offline') {
        // It waits for the next connection, if it may.
        if (letter.expiresAt <= this.#options.clock.now()) settle(failed);
        return 'gone';
      }
      settle(failed);
      return error;
    }
  }

  /** A device that was deleted meanwhile has no messages any more. */
  #finish(device: DeviceRef, letter: Letter, end: Pick<Letter, 'status' | 'failure'>): Letter {
    const { mailbox, registry, clock } = this.#options;
    const finished: Letter = { ...letter, ...end, finishedAt: clock.now() };
    if (registry.findDevice('huawei', device) !== undefined) mailbox.put('huawei', device, finished);
    return finished;
  }

  /** Looked up when somebody looks, so that no timer is needed. */
  #expire(device: DeviceRef): void {
    const { mailbox, clock } = this.#options;
    for (const letter of mailbox.letters('huawei', device)) {
      // A letter that is not to be kept is on its way now.
      if (letter.status === 'pending' && letter.expiresAt > letter.createdAt && letter.expiresAt <= clock.now()) {
        mailbox.put('huawei', device, { ...letter, status: 'timeout', finishedAt: letter.expiresAt });
      }
    }
  }
}
