import { isLianyunError, LianyunError, type Clock, type DeviceRef, type JsonValue, type Peer } from '@lianyun/protocol';
import type { Downlink } from '../downlink.ts';
import type { Registry } from '../registry.ts';
import { DueTimer } from '../storage/due-timer.ts';
import type { Records, Shape } from '../storage/records.ts';
import type { Storage } from '../storage/storage.ts';

/** What a device is to be configured as, and what became of it (Huawei 5.8). Instants in ms since 1970. */
export interface Configuration {
  readonly device: DeviceRef;
  readonly content: JsonValue;
  /** `pending` until the device answers, or its time is over. */
  readonly status: 'pending' | 'taken' | 'refused' | 'expired';
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly answeredAt?: number;
  /** What the device answered. */
  readonly code?: number;
  readonly text?: string;
  /** When it is sent again, or ends. */
  readonly dueAt?: number;
  readonly serial: number;
}

interface ConfigurationsOptions {
  readonly storage: Storage;
  readonly registry: Registry;
  readonly downlink: Pick<Downlink, 'route'>;
  readonly peer: Pick<Peer, 'send' | 'handle'>;
  readonly clock: Clock;
  problem(problem: LianyunError): void;
}

const CONFIGURATIONS: Shape<Configuration> = { name: 'configurations', key: ['device'], columns: { device: 'text', dueAt: 'number' } };

const DAY_MS = 86_400_000;
/** Lifetimes that are documented, days (Huawei 5.8). */
const DAYS = { min: 1, max: 30 };

/** Gives devices their configuration: now, when they connect, and once a day until they have answered or its time is over (Huawei 5.8). */
export class Configurations {
  readonly #options: ConfigurationsOptions;
  readonly #all: Records<Configuration>;
  readonly #timer: DueTimer<Configuration>;

  constructor(options: ConfigurationsOptions) {
    this.#options = options;
    const { storage, clock, problem, peer } = options;
    this.#all = storage.records(CONFIGURATIONS);
    peer.handle('config.update.result', ({ device, body }) => this.#answered(device, body));
    this.#timer = new DueTimer({ records: this.#all, clock, problem, onDue: (each) => this.#due(each) });
  }

  /** Gives a device a configuration in the place of the last. Fails with `not-found`, and `bad-input` for a lifetime that is not 1 to 30 days. */
  update(device: DeviceRef, content: JsonValue, { days = DAYS.max }: { readonly days?: number } = {}): Configuration {
    const { registry, storage, clock } = this.#options;
    registry.device('huawei', device);
    if (!(days >= DAYS.min && days <= DAYS.max)) throw new LianyunError('bad-input', `The configuration of ${device} may wait ${DAYS.min} to ${DAYS.max} days; ${days} are given.`, { device });
    const now = clock.now();
    const expiresAt = now + days * DAY_MS;
    const made: Configuration = { device, content, status: 'pending', createdAt: now, expiresAt, dueAt: Math.min(now + DAY_MS, expiresAt), serial: this.#all.get({ device })?.serial ?? storage.registryStore.nextSerial() };
    this.#put(made);
    this.#send(made);
    return made;
  }

  /** The last configuration of a device; undefined when it never had one. */
  get(device: DeviceRef): Configuration | undefined {
    return this.#all.get({ device });
  }

  /** A device connected. */
  cameOnline(device: DeviceRef): void {
    const waiting = this.get(device);
    if (waiting?.status === 'pending') this.#send(waiting);
  }

  /** A device is no more. */
  forget(device: DeviceRef): void {
    this.#all.remove({ device });
  }

  close(): void {
    this.#timer.close();
  }

  #put(configuration: Configuration): void {
    this.#all.put(configuration);
    if (configuration.dueAt !== undefined) this.#timer.wakeAt(configuration.dueAt);
  }

  #answered(device: DeviceRef, { code, text }: { readonly code: number; readonly text?: string }): void {
    const waiting = this.get(device);
    // Nothing in an answer says which configuration it is for: it is for the last.
    if (waiting?.status !== 'pending') return this.#options.problem(new LianyunError('unexpected-reply', `${device} answered a configuration that nobody waits for.`, { device }));
    const { dueAt: _over, ...rest } = waiting;
    this.#all.put({ ...rest, status: code === 0 ? 'taken' : 'refused', code, ...(text === undefined ? {} : { text }), answeredAt: this.#options.clock.now() });
  }

  #due(configuration: Configuration): void {
    const now = this.#options.clock.now();
    if (now >= configuration.expiresAt) {
      const { dueAt: _over, ...rest } = configuration;
      return this.#all.put({ ...rest, status: 'expired' });
    }
    const next = { ...configuration, dueAt: Math.min(now + DAY_MS, configuration.expiresAt) };
    this.#put(next);
    this.#send(next);
  }

  #send({ device, content }: Configuration): void {
    const { storage, downlink, peer, clock, problem } = this.#options;
    const send = async (): Promise<void> => {
      // What cannot be stored is not sent.
      await storage.stored();
      const via = downlink.route('huawei', device);
      if (via !== undefined) await peer.send('config.update', { device, via, at: clock.now(), body: { content } }).delivered;
    };
    send().catch((error: unknown) => {
      // It is sent again when the device connects.
      if (isLianyunError(error, 'offline') || isLianyunError(error, 'storage-failed')) return;
      problem(isLianyunError(error) ? error : new LianyunError('handler-failed', `${device} was not given its configuration: ${String(error)}`, { device, cause: error }));
    });
  }
}
