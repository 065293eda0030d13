import { parseExact, stringifyExact, type DeviceRef } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { Device, Product } from '../records.ts';
import type { DeviceQuery, Page, ProductQuery, RegistryStore } from '../registry-store.ts';
import { Counter } from './counter.ts';
import type { Database, SqlValue } from './database.ts';
import { Recent } from './recent.ts';
import type { Sealer } from './sealer.ts';
import type { TurnMember, Turns } from './turns.ts';

interface ProductRow {
  readonly serial: number;
  readonly cloud: Cloud;
  readonly product_id: string;
  readonly name: string;
  readonly secret: Uint8Array | null;
  readonly rest: string;
}

interface DeviceRow {
  readonly serial: number;
  readonly cloud: Cloud;
  readonly device: string;
  readonly product_id: string;
  readonly node_id: string;
  readonly name: string;
  readonly gateway: string | null;
  readonly secret: Uint8Array;
  readonly activated_at: number | null;
  readonly last_online_at: number | null;
  readonly online_since: number | null;
  readonly status_changed_at: number | null;
  readonly rest: string;
}

/** The columns that lists filter by, the one that leaves the fewest rows first. */
const FILTERS = [['nodeId', 'node_id'], ['name', 'name'], ['gateway', 'gateway'], ['productId', 'product_id']] as const;

const PUT_PRODUCT = `INSERT INTO products (serial, cloud, product_id, name, secret, rest) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (cloud, product_id) DO UPDATE SET serial = excluded.serial, name = excluded.name, secret = excluded.secret, rest = excluded.rest`;
const PUT_DEVICE = `INSERT INTO devices
    (serial, cloud, device, product_id, node_id, name, gateway, secret, activated_at, last_online_at, online_since, status_changed_at, rest)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (cloud, device) DO UPDATE SET serial = excluded.serial, product_id = excluded.product_id, node_id = excluded.node_id, name = excluded.name,
    gateway = excluded.gateway, secret = excluded.secret, activated_at = excluded.activated_at, last_online_at = excluded.last_online_at,
    online_since = excluded.online_since, status_changed_at = excluded.status_changed_at, rest = excluded.rest`;
const PUT_STATUS = 'UPDATE devices SET activated_at = ?, last_online_at = ?, online_since = ?, status_changed_at = ? WHERE cloud = ? AND device = ?';

/** The registry's records in the database; those used lately in memory, too. */
export class SqliteRegistryStore implements RegistryStore, TurnMember {
  readonly #database: Database;
  readonly #turns: Turns;
  readonly #sealer: Sealer;
  readonly #serial: Counter;
  readonly #products: Readonly<Record<Cloud, Recent<string, Product>>>;
  readonly #devices: Readonly<Record<Cloud, Recent<DeviceRef, Device>>>;
  /** By gateway: who connects through it is asked at every message on a topic of a sub-device's own. */
  readonly #children: Readonly<Record<Cloud, Recent<DeviceRef, readonly DeviceRef[]>>>;

  constructor({ database, turns, sealer, cached }: { readonly database: Database; readonly turns: Turns; readonly sealer: Sealer; readonly cached: number }) {
    this.#database = database;
    this.#turns = turns;
    this.#sealer = sealer;
    this.#serial = new Counter(database, 'serial');
    this.#products = { huawei: new Recent(cached), tencent: new Recent(cached) };
    this.#devices = { huawei: new Recent(cached), tencent: new Recent(cached) };
    this.#children = { huawei: new Recent(cached), tencent: new Recent(cached) };
    turns.join(this);
  }

  /** Ends what the last process left: nobody is connected now. Huawei's sub-devices stay as their gateways said, as they do while these are away (9.1). */
  disconnectAll(at: number): void {
    this.#turns.write(() => this.#database.run("UPDATE devices SET online_since = NULL, status_changed_at = ? WHERE online_since IS NOT NULL AND (cloud = 'tencent' OR gateway IS NULL)", at));
  }

  product(cloud: Cloud, productId: string): Product | undefined {
    const kept = this.#products[cloud].get(productId);
    if (kept !== undefined) return kept;
    const row = this.#turns.read(() => this.#database.get<ProductRow>('SELECT * FROM products WHERE cloud = ? AND product_id = ?', cloud, productId));
    return row === undefined ? undefined : this.#keepProduct(this.#toProduct(row));
  }

  putProduct(product: Product): void {
    const { serial, cloud, productId, name, ...rest } = product;
    const secret = product.cloud === 'tencent' ? this.#sealer.seal(productOwner(cloud, productId), product.productSecret) : null;
    this.#turns.write(() => this.#database.run(PUT_PRODUCT, serial, cloud, productId, name, secret, stringifyExact({ ...rest, productSecret: undefined })));
    this.#keepProduct(product);
  }

  removeProduct(cloud: Cloud, productId: string): boolean {
    const changes = this.#turns.write(() => this.#database.change('DELETE FROM products WHERE cloud = ? AND product_id = ?', cloud, productId));
    this.#products[cloud].delete(productId);
    return changes > 0;
  }

  products({ cloud, name, ...page }: ProductQuery): Page<Product> {
    const [where, values]: [string, SqlValue[]] = name === undefined ? ['cloud = ?', [cloud]] : ['cloud = ? AND name = ?', [cloud, name]];
    const { total, rows } = this.#turns.read(() => {
      const { total = 0 } = this.#database.get<{ total: number }>(`SELECT count(*) AS total FROM products WHERE ${where}`, ...values) ?? {};
      return { total, rows: this.#page<ProductRow>('products', where, values, page) };
    });
    // Outside: one secret that cannot be decrypted is no reason to lose a turn.
    return { total, items: rows.map((row) => this.#toProduct(row)) };
  }

  device(cloud: Cloud, device: DeviceRef): Device | undefined {
    const kept = this.#devices[cloud].get(device);
    if (kept !== undefined) return kept;
    const row = this.#turns.read(() => this.#database.get<DeviceRow>('SELECT * FROM devices WHERE cloud = ? AND device = ?', cloud, device));
    return row === undefined ? undefined : this.#keepDevice(this.#toDevice(row));
  }

  putDevice(device: Device): void {
    const { serial, cloud, device: ref, productId, nodeId, name, gateway = null, secret, activatedAt, lastOnlineAt, onlineSince, statusChangedAt, ...rest } = device;
    this.#forgetChildren(cloud, ref, gateway ?? undefined);
    const sealed = this.#sealer.seal(deviceOwner(cloud, ref), secret);
    const status = statusOf({ activatedAt, lastOnlineAt, onlineSince, statusChangedAt });
    this.#turns.write(() => this.#database.run(PUT_DEVICE, serial, cloud, ref, productId, nodeId, name, gateway, sealed, ...status, stringifyExact(rest)));
    this.#keepDevice(device);
  }

  putStatus(device: Device): void {
    this.#turns.write(() => this.#database.run(PUT_STATUS, ...statusOf(device), device.cloud, device.device));
    this.#keepDevice(device);
  }

  removeDevice(cloud: Cloud, device: DeviceRef): boolean {
    this.#forgetChildren(cloud, device);
    const changes = this.#turns.write(() => this.#database.change('DELETE FROM devices WHERE cloud = ? AND device = ?', cloud, device));
    this.#devices[cloud].delete(device);
    return changes > 0;
  }

  devices(query: DeviceQuery): Page<Device> {
    const given = FILTERS.flatMap(([member, column]) => (query[member] === undefined ? [] : [{ column, value: query[member] }]));
    // The plus keeps SQLite from another index than that of the first.
    const where = ['cloud = ?', ...given.map(({ column }, index) => `${index === 0 ? '' : '+'}${column} = ?`)].join(' AND ');
    const values = [query.cloud, ...given.map(({ value }) => value)];
    const isCounted = given.every(({ column }) => column === 'product_id');
    const count = isCounted ? `SELECT coalesce(sum(count), 0) AS total FROM device_counts WHERE ${where}` : `SELECT count(*) AS total FROM devices WHERE ${where}`;
    const { total, rows } = this.#turns.read(() => {
      const { total = 0 } = this.#database.get<{ total: number }>(count, ...values) ?? {};
      return { total, rows: this.#page<DeviceRow>('devices', where, values, query) };
    });
    return { total, items: rows.map((row) => this.#toDevice(row)) };
  }

  childrenOf(cloud: Cloud, gateway: DeviceRef): Device[] {
    let children = this.#children[cloud].get(gateway);
    if (children === undefined) {
      const rows = this.#turns.read(() => this.#database.all<{ device: string }>('SELECT device FROM devices WHERE cloud = ? AND gateway = ?', cloud, gateway));
      children = rows.map(({ device }) => device);
      this.#children[cloud].set(gateway, children);
    }
    return children.flatMap((device) => this.device(cloud, device) ?? []);
  }

  nextSerial(): number {
    return this.#serial.next();
  }

  beforeCommit(): void {
    this.#serial.store();
  }

  afterRollback(): void {
    this.#serial.undo();
    for (const cache of [...Object.values(this.#products), ...Object.values(this.#devices), ...Object.values(this.#children)]) cache.clear();
  }

  #page<Row>(table: string, where: string, values: readonly SqlValue[], { before, offset, limit }: { readonly before?: number; readonly offset?: number; readonly limit: number }): Row[] {
    if (limit === 0) return [];
    const [from, more] = before === undefined ? ['', []] : [' AND serial < ?', [before]];
    return this.#database.all<Row>(`SELECT * FROM ${table} WHERE ${where}${from} ORDER BY serial DESC LIMIT ? OFFSET ?`, ...values, ...more, limit, offset ?? 0);
  }

  /** A device comes to a gateway, or leaves the one that it had, unless that is `stays`. */
  #forgetChildren(cloud: Cloud, device: DeviceRef, stays?: DeviceRef): void {
    const kept = this.#devices[cloud].get(device);
    const before = kept === undefined ? this.#gatewayOf(cloud, device) : kept.gateway;
    if (before === stays) return;
    for (const gateway of [before, stays]) if (gateway !== undefined) this.#children[cloud].delete(gateway);
  }

  #gatewayOf(cloud: Cloud, device: DeviceRef): DeviceRef | undefined {
    const row = this.#turns.read(() => this.#database.get<{ gateway: string | null }>('SELECT gateway FROM devices WHERE cloud = ? AND device = ?', cloud, device));
    return row?.gateway ?? undefined;
  }

  #keepProduct(product: Product): Product {
    this.#products[product.cloud].set(product.productId, product);
    return product;
  }

  #keepDevice(device: Device): Device {
    this.#devices[device.cloud].set(device.device, device);
    return device;
  }

  #toProduct({ serial, cloud, product_id: productId, name, secret, rest }: ProductRow): Product {
    const kept: unknown = parseExact(rest);
    const productSecret = secret === null ? {} : { productSecret: this.#sealer.open(productOwner(cloud, productId), secret) };
    // What putProduct took apart.
    return { ...(kept as object), serial, cloud, productId, name, ...productSecret } as Product;
  }

  #toDevice(row: DeviceRow): Device {
    const { serial, cloud, device, product_id: productId, node_id: nodeId, name, gateway, secret, rest } = row;
    const kept: unknown = parseExact(rest);
    // What putDevice took apart.
    return {
      ...(kept as object),
      serial,
      cloud,
      device,
      productId,
      nodeId,
      name,
      ...(gateway === null ? {} : { gateway }),
      secret: this.#sealer.open(deviceOwner(cloud, device), secret),
      ...(row.activated_at === null ? {} : { activatedAt: row.activated_at }),
      ...(row.last_online_at === null ? {} : { lastOnlineAt: row.last_online_at }),
      ...(row.online_since === null ? {} : { onlineSince: row.online_since }),
      ...(row.status_changed_at === null ? {} : { statusChangedAt: row.status_changed_at }),
    } as Device;
  }
}

type Status = { readonly [K in 'activatedAt' | 'lastOnlineAt' | 'onlineSince' | 'statusChangedAt']?: number | undefined };

const statusOf = ({ activatedAt, lastOnlineAt, onlineSince, statusChangedAt }: Status): SqlValue[] => [activatedAt ?? null, lastOnlineAt ?? null, onlineSince ?? null, statusChangedAt ?? null];
const productOwner = (cloud: Cloud, productId: string): string => `${cloud} product ${productId}`;
const deviceOwner = (cloud: Cloud, device: DeviceRef): string => `${cloud} device ${device}`;
