import { randomUUID } from 'node:crypto';
import { isLianyunError, LianyunError, type Clock, type CommandResult, type DeviceRef } from '@lianyun/protocol';
import type { Downlink, Invocation } from '../downlink.ts';
import { Flights } from '../flights.ts';
import type { Page, PageRequest } from '../registry-store.ts';
import type { Registry } from '../registry.ts';
import { sift } from '../sift.ts';
import { DueTimer } from '../storage/due-timer.ts';
import type { Records, Shape } from '../storage/records.ts';
import type { Storage } from '../storage/storage.ts';

/** A command that nobody waits for is in its device's queue with the first three, in its history with the others (Huawei 14.4, 14.7). */
const QUEUED = ['PENDING', 'SENT', 'DELIVERED'] as const;
const ENDED = ['EXPIRED', 'SUCCESSFUL', 'FAILED', 'TIMEOUT'] as const;
export const ASYNC_STATUSES = { queue: QUEUED, history: ENDED } as const;

/** What becomes of a command that nobody waits for. */
export type AsyncStatus = (typeof QUEUED | typeof ENDED)[number];

/** Which commands of a device. Instants in ms since 1970. */
export interface AsyncCommandFilter {
  readonly of: keyof typeof ASYNC_STATUSES;
  readonly status?: AsyncStatus;
  readonly name?: string;
  /** When they were given: from, and before. */
  readonly times?: { readonly from: number; readonly to: number };
}

/** A command that nobody waits for. Instants in ms since 1970. */
export interface AsyncCommand extends Invocation {
  readonly id: string;
  readonly device: DeviceRef;
  readonly status: AsyncStatus;
  /** `delay`: waits for a device that is offline; `immediately`: fails then. */
  readonly strategy: 'immediately' | 'delay';
  readonly expireSeconds: number;
  readonly createdAt: number;
  readonly sentAt?: number;
  readonly deliveredAt?: number;
  readonly answeredAt?: number;
  readonly result?: CommandResult;
  /** Why it was not sent. */
  readonly fault?: { readonly code: string; readonly text: string };
  /** When it expires, or is given up. */
  readonly dueAt?: number;
  readonly serial: number;
}

interface AsyncCommandsOptions {
  readonly storage: Storage;
  readonly registry: Registry;
  readonly downlink: Pick<Downlink, 'invoke' | 'reaches'>;
  readonly clock: Clock;
  problem(problem: LianyunError): void;
}

export const ASYNC_COMMANDS: Shape<AsyncCommand> = { name: 'async_commands', key: ['id'], columns: { id: 'text', device: 'text', status: 'text', name: 'text', dueAt: 'number' } };

/** How long after the cloud's own time to answer one that was sent is given up: it was sent by a process that is no more. */
const LOST_MS = 60_000;
const A_TURN = 100;
/** Commands that wait for one device at most (Huawei 14.7), and those that are kept of it. */
const MAX_WAITING = 20;
const KEPT = 1000;

/** Commands that are brought to a device now or when it connects, in their order, and whose answers are kept (Huawei 14.5, 14.7). */
export class AsyncCommands {
  readonly #options: AsyncCommandsOptions;
  readonly #all: Records<AsyncCommand>;
  readonly #timer: DueTimer<AsyncCommand>;
  /** Devices that are being brought theirs. */
  readonly #flights = new Flights<DeviceRef>();

  constructor(options: AsyncCommandsOptions) {
    this.#options = options;
    const { storage, clock, problem } = options;
    this.#all = storage.records(ASYNC_COMMANDS);
    this.#timer = new DueTimer({ records: this.#all, clock, problem, onDue: (command) => this.#end(command, { status: command.status === 'PENDING' ? 'EXPIRED' : 'TIMEOUT' }) });
  }

  create(device: DeviceRef, { strategy, expireSeconds, ...call }: Invocation & Pick<AsyncCommand, 'strategy' | 'expireSeconds'>): AsyncCommand {
    const { storage, registry, clock, downlink } = this.#options;
    registry.device('huawei', device);
    const now = clock.now();
    const isRefused = strategy === 'immediately' && !downlink.reaches('huawei', device);
    const made: AsyncCommand = {
      ...call,
      id: randomUUID(),
      device,
      strategy,
      expireSeconds,
      createdAt: now,
      serial: storage.registryStore.nextSerial(),
      ...(isRefused ? { status: 'FAILED', fault: { code: 'IOTDA.014016', text: 'The device is not online.' } } : { status: 'PENDING', dueAt: now + expireSeconds * 1000 }),
    };
    this.#put(made);
    this.#makeRoom(device);
    if (!isRefused) this.#bring(device);
    return made;
  }

  /** Fails with `not-found`. */
  get(device: DeviceRef, id: string): AsyncCommand {
    const found = this.#all.get({ id });
    if (found?.device !== device) throw new LianyunError('not-found', `There is no command ${JSON.stringify(id)} of ${device}.`);
    return found;
  }

  /** Newest first. */
  list(device: DeviceRef, { of, status, name, times }: AsyncCommandFilter, page: PageRequest): Promise<Page<AsyncCommand>> {
    const where = { device, ...(status === undefined ? {} : { status }), ...(name === undefined ? {} : { name }) };
    const wanted: readonly AsyncStatus[] = ASYNC_STATUSES[of];
    const isMeant = (command: AsyncCommand): boolean => wanted.includes(command.status) && (times === undefined || (command.createdAt >= times.from && command.createdAt < times.to));
    return sift((part) => this.#all.page(where, part), isMeant, page);
  }

  /** A device connected. */
  cameOnline(device: DeviceRef): void {
    this.#bring(device);
  }

  /** A device is no more. */
  forget(device: DeviceRef): void {
    for (let found = this.#all.page({ device }, { limit: A_TURN }).items; found.length > 0; found = this.#all.page({ device }, { limit: A_TURN }).items) for (const { id } of found) this.#all.remove({ id });
  }

  close(): void {
    this.#timer.close();
  }

  #put(command: AsyncCommand): void {
    this.#all.put(command);
    if (command.dueAt !== undefined) this.#timer.wakeAt(command.dueAt);
  }

  /** What is too old of a device gives way: what waits, and what is over. */
  #makeRoom(device: DeviceRef): void {
    // What is on its way to a device that is there waits for it alone.
    const waiting = this.#options.downlink.reaches('huawei', device) ? [] : this.#all.page({ device, status: 'PENDING' }, { limit: A_TURN, offset: MAX_WAITING }).items;
    for (const command of waiting) {
      this.#end(command, { status: 'FAILED', fault: { code: 'IOTDA.014016', text: `A younger command took its place: at most ${MAX_WAITING} wait for a device.` } });
    }
    const oldest = this.#all.page({ device }, { limit: A_TURN, offset: KEPT }).items;
    for (const { id, status } of oldest) if (!QUEUED.some((queued) => queued === status)) this.#all.remove({ id });
  }

  #end(command: Pick<AsyncCommand, 'id'>, outcome: Pick<AsyncCommand, 'status'> & Partial<Pick<AsyncCommand, 'result' | 'answeredAt' | 'fault'>>): void {
    const found = this.#all.get({ id: command.id });
    if (found === undefined) return;
    const { dueAt: _over, ...rest } = found;
    this.#all.put({ ...rest, ...outcome });
  }

  #bring(device: DeviceRef): void {
    this.#flights.begin(device, () => this.#run(device));
  }

  /** One after the other, the oldest first. */
  async #run(device: DeviceRef): Promise<void> {
    const { storage, downlink, problem } = this.#options;
    try {
      await storage.stored();
      for (let next = this.#oldest(device); next !== undefined && downlink.reaches('huawei', device); next = this.#oldest(device)) await this.#send(next);
    } catch (error) {
      // A storage that fails tells by itself, and what waits is brought when the device connects.
      if (!isLianyunError(error)) problem(new LianyunError('handler-failed', `The commands of ${device} could not be brought to it: ${String(error)}`, { device, cause: error }));
    }
  }

  #oldest(device: DeviceRef): AsyncCommand | undefined {
    const { total } = this.#all.page({ device, status: 'PENDING' }, { limit: 0 });
    return total === 0 ? undefined : this.#all.page({ device, status: 'PENDING' }, { limit: 1, offset: total - 1 }).items[0];
  }

  async #send(command: AsyncCommand): Promise<void> {
    const { downlink, clock, storage } = this.#options;
    const { id, device, service, name, args } = command;
    const now = clock.now();
    this.#put({ ...command, status: 'SENT', sentAt: now, dueAt: now + LOST_MS });
    await storage.stored();
    try {
      const result = await downlink.invoke('huawei', device, { id, name, args, ...(service === undefined ? {} : { service }) }, () => this.#delivered(id));
      this.#end(command, { status: result.code === 0 ? 'SUCCESSFUL' : 'FAILED', result, answeredAt: clock.now() });
    } catch (error) {
      if (isLianyunError(error, 'timeout')) return this.#end(command, { status: 'TIMEOUT' });
      if (command.strategy === 'immediately' || !isLianyunError(error, 'offline')) return this.#end(command, { status: 'FAILED', fault: { code: 'IOTDA.014016', text: error instanceof Error ? error.message : String(error) } });
      // It went away meanwhile: it waits for it, unless it is no more.
      if (this.#all.get({ id }) !== undefined) this.#put(command);
    }
  }

  /** It has arrived, and is not answered yet. */
  #delivered(id: string): void {
    try {
      const found = this.#all.get({ id });
      if (found?.status === 'SENT') this.#put({ ...found, status: 'DELIVERED', deliveredAt: this.#options.clock.now() });
    } catch {
      // A storage that fails tells by itself, and the answer says as much.
    }
  }
}
