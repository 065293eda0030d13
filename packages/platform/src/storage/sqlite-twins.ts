import type { DeviceRef, PropertyGroup } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import { isWithin, pageOf, type History, type HistoryPage, type HistoryPoint, type HistoryQuery } from '../history.ts';
import { TwinState, type TwinService } from '../twin-state.ts';
import type { Twins } from '../twin.ts';
import { Counter } from './counter.ts';
import type { Database } from './database.ts';
import { Journal, type Operation } from './journal.ts';
import { Recent } from './recent.ts';
import { TwinTables, type LiveTwin } from './twin-tables.ts';
import type { TurnMember, Turns } from './turns.ts';
import { mergedSamples, ReportWriter, valuesOf, type WrittenSample } from './written-report.ts';

/** How much may wait in the journal. A start reads that much again. */
const UNFOLDED = { operations: 32_768, bytes: 16 * 1024 * 1024 };

interface SqliteTwinsOptions {
  readonly database: Database;
  readonly turns: Turns;
  /** How many twins stay in memory without need. */
  readonly cached: number;
}

/**
 * Twins and their history in the database. An operation is applied in memory and goes into the journal with its turn; the tables follow, device by
 * device, once as much waits that each of a fleet has several reports: then several reports share the pages that they touch. Reads see the tables and what waits.
 */
export class SqliteTwins implements Twins, History, TurnMember {
  readonly #turns: Turns;
  readonly #journal: Journal;
  readonly #tables: TwinTables;
  readonly #number: Counter;
  readonly #recent: Readonly<Record<Cloud, Recent<DeviceRef, LiveTwin>>>;
  /** The twins with something that is not in the tables. */
  readonly #waiting = { huawei: new Map<DeviceRef, LiveTwin>(), tencent: new Map<DeviceRef, LiveTwin>() };
  /** The same, in the order of the first that waits; those of deleted devices have nothing that does. */
  #queue: LiveTwin[] = [];
  #unfolded = 0;
  readonly #writer = new ReportWriter();
  /** The number of the last operation of the transaction under way; undefined while there is none. */
  #last: number | undefined;

  constructor({ database, turns, cached }: SqliteTwinsOptions) {
    this.#turns = turns;
    this.#journal = new Journal(database);
    this.#tables = new TwinTables(database);
    this.#number = new Counter(database, 'operation');
    this.#recent = { huawei: new Recent(cached), tencent: new Recent(cached) };
    this.#replay();
    turns.join(this);
  }

  report(cloud: Cloud, device: DeviceRef, groups: readonly PropertyGroup[], arrivedAt: number): boolean {
    return this.#turns.write(() => {
      const twin = this.#twin(cloud, device);
      const samples = this.#writer.write(groups, arrivedAt, twin.shapes);
      this.#journal.addReport(cloud, device, samples);
      this.#last = this.#number.next();
      twin.state.report(groups, arrivedAt);
      this.#wait(twin, this.#last, samples);
      return twin.state.hasDesired;
    });
  }

  desire(cloud: Cloud, device: DeviceRef, groups: readonly PropertyGroup[], at: number): void {
    this.#do(['desire', cloud, device, at, groups]);
  }

  forgetDesired(cloud: Cloud, device: DeviceRef, groups?: readonly PropertyGroup[]): void {
    this.#do(['forget', cloud, device, 0, groups ?? null]);
  }

  clear(cloud: Cloud, device: DeviceRef): void {
    this.#do(['clear', cloud, device, 0, null]);
  }

  delete(cloud: Cloud, device: DeviceRef): void {
    this.#do(['delete', cloud, device, 0, null]);
  }

  read(cloud: Cloud, device: DeviceRef, service?: string): readonly TwinService[] {
    return this.#turns.read(() => this.#twin(cloud, device)).state.read(service);
  }

  pending(cloud: Cloud, device: DeviceRef): readonly PropertyGroup[] {
    return this.#turns.read(() => this.#twin(cloud, device)).state.pending();
  }

  query(query: HistoryQuery): HistoryPage {
    const points = this.#turns.read(() => this.#tables.points(query));
    const waiting = this.#waiting[query.cloud].get(query.device)?.unfolded ?? [];
    return pageOf([...points, ...waiting.flatMap((each) => matching(each, query))], query);
  }

  /** Writes everything into the tables, so that the next start has nothing to do. */
  foldAll(): void {
    this.#turns.write(() => this.#fold({ operations: 0, bytes: 0 }));
  }

  beforeCommit(): void {
    if (this.#last !== undefined) {
      this.#number.store();
      this.#journal.append(this.#last);
      this.#last = undefined;
    }
    this.#fold(UNFOLDED);
  }

  afterRollback(): void {
    this.#number.undo();
    this.#journal.forget();
    this.#last = undefined;
    this.#unfolded = 0;
    this.#queue = [];
    for (const waiting of Object.values(this.#waiting)) waiting.clear();
    for (const recent of Object.values(this.#recent)) recent.clear();
    this.#replay();
  }

  #do(operation: Operation): void {
    this.#turns.write(() => {
      this.#journal.add(operation);
      this.#last = this.#number.next();
      this.#apply(this.#last, operation);
    });
  }

  #apply(id: number, [change, cloud, device, at, groups]: Operation): void {
    const twin = this.#twin(cloud, device);
    // A journal that is read again has more than is missing in the tables.
    if (id <= twin.folded) return;
    let samples: readonly WrittenSample[] = [];
    if (change === 'delete') {
      this.#forget(twin);
      return;
    }
    if (change === 'report') {
      samples = this.#writer.write(groups ?? [], at, twin.shapes);
      twin.state.report(groups ?? [], at);
    } else if (change === 'desire') twin.state.desire(groups ?? [], at);
    else if (change === 'forget') twin.state.forgetDesired(groups ?? undefined);
    else twin.state = new TwinState();
    this.#wait(twin, id, samples);
  }

  /** Something happened to a twin that is not in the tables yet. */
  #wait(twin: LiveTwin, id: number, samples: readonly WrittenSample[]): void {
    const { cloud, device, unfolded } = twin;
    if (unfolded.length === 0) {
      this.#queue.push(twin);
      this.#recent[cloud].delete(device);
      this.#waiting[cloud].set(device, twin);
    }
    unfolded.push({ id, samples });
    this.#unfolded++;
  }

  #forget(twin: LiveTwin): void {
    const { cloud, device } = twin;
    this.#tables.remove(cloud, device);
    this.#waiting[cloud].delete(device);
    this.#recent[cloud].delete(device);
    this.#unfolded -= twin.unfolded.length;
    twin.unfolded = [];
    twin.state = new TwinState();
  }

  #twin(cloud: Cloud, device: DeviceRef): LiveTwin {
    const live = this.#waiting[cloud].get(device) ?? this.#recent[cloud].get(device);
    if (live !== undefined) return live;
    const loaded = this.#tables.load(cloud, device);
    if (loaded.row !== undefined) this.#recent[cloud].set(device, loaded);
    return loaded;
  }

  /** Moves what waits into the tables, the oldest first, until no more than `limit` waits. */
  #fold(limit: { readonly operations: number; readonly bytes: number }): void {
    let count = 0;
    for (const twin of this.#queue) {
      if (twin.unfolded.length > 0) {
        if (this.#unfolded <= limit.operations && this.#journal.bytes <= limit.bytes) break;
        this.#unfolded -= twin.unfolded.length;
        this.#tables.fold(twin);
        this.#waiting[twin.cloud].delete(twin.device);
        this.#recent[twin.cloud].set(twin.device, twin);
        this.#journal.trim(firstOf(this.#queue, count + 1));
      }
      count++;
    }
    this.#queue.splice(0, count);
    this.#journal.trim(firstOf(this.#queue, 0));
  }

  #replay(): void {
    for (const [id, operation] of this.#journal.replay()) this.#apply(id, operation);
  }
}

/** The number of the first operation that waits, from the place `from` of the queue on; above all when none does. */
function firstOf(queue: readonly LiveTwin[], from: number): number {
  for (let at = from; at < queue.length; at++) {
    const [first] = queue[at]?.unfolded ?? [];
    if (first !== undefined) return first.id;
  }
  return Number.MAX_SAFE_INTEGER;
}

function matching({ id, samples }: LiveTwin['unfolded'][number], query: HistoryQuery): HistoryPoint[] {
  return mergedSamples(samples).flatMap((sample) => {
    const { company, at } = sample;
    const column = company.service === (query.service ?? '') && isWithin({ at, id }, query) ? company.names.indexOf(query.property) : -1;
    return column < 0 ? [] : [{ at, id, value: valuesOf(sample)[column] ?? null }];
  });
}
