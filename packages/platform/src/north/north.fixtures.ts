import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { LianyunError, type Clock, type CommandResult, type DeviceRef, type JsonObject, type Outcome, type Peer, type PropertyGroup } from '@lianyun/protocol';
import type { Cloud } from '../access/port.ts';
import type { Topology } from '../children.ts';
import { DesiredPusher } from '../desired.ts';
import { DeviceHttp } from '../device-http/device-http.ts';
import type { Downlink } from '../downlink.ts';
import { DeviceLogs } from '../logs.ts';
import { Files } from '../files.ts';
import { Objects } from '../objects/objects.ts';
import { Origin } from '../objects/origin.ts';
import { GrantSigner } from '../objects/signer.ts';
import { Postman } from '../postman.ts';
import type { Device } from '../records.ts';
import { Registry } from '../registry.ts';
import { HuaweiServices } from '../huawei/services.ts';
import { forgetDevice, openStorage } from '../storage/storage.ts';
import { openTencentServices } from '../tencent/services.ts';
import { Upgrades } from '../upgrades/upgrades.ts';
import { signHuawei } from './huawei/signature.ts';
import { createNorthbound, type Northbound } from './server.ts';
import type { SignedRequest } from './signed-request.ts';
import { signTencent } from './tencent/signature.ts';

export const NOW = Date.UTC(2026, 10, 21, 22, 46, 32);
export const KEYS = { huawei: { id: 'AKHWTEST', secret: 'self-made-sk' }, tencent: { id: 'AKIDTEST', secret: 'self-made-secret-key' } } as const;

/** A clock that stands still until it is told. */
export class StillClock implements Clock {
  at = NOW;
  /** What waits for time to pass. */
  readonly waiting = new Set<() => void>();
  now(): number {
    return this.at;
  }
  elapsed(): number {
    return 0;
  }
  after(_ms: number, then: () => void): { cancel(): void } {
    this.waiting.add(then);
    return { cancel: () => void this.waiting.delete(then) };
  }
  random(): number {
    return 0.5;
  }
}

/** One thing that an API asked of the downlink. */
export interface Asked {
  readonly what: 'setProperties' | 'getProperties' | 'invoke' | 'control' | 'post' | 'publish' | 'kick';
  readonly cloud: Cloud;
  readonly device: DeviceRef;
  readonly request: unknown;
}

/** A downlink whose devices answer what the test says: a value, or an error to reject with. */
class ScriptedDownlink implements Downlink {
  readonly online = new Set<DeviceRef>();
  readonly asked: Asked[] = [];
  outcome: Outcome | LianyunError = { code: 0, text: 'success' };
  groups: readonly PropertyGroup[] | LianyunError = [];
  result: CommandResult | LianyunError = { code: 0 };
  /** What becomes of a message, or of bytes on a topic. */
  posted: LianyunError | undefined;
  /** Whether a control finds its device subscribed. */
  takesControl = true;

  isOnline(_cloud: Cloud, device: DeviceRef): boolean {
    return this.online.has(device);
  }

  route(_cloud: Cloud, device: DeviceRef): DeviceRef | undefined {
    return this.online.has(device) ? device : undefined;
  }

  reaches(_cloud: Cloud, device: DeviceRef): boolean {
    return this.online.has(device);
  }

  async setProperties(cloud: Cloud, device: DeviceRef, request: object): Promise<Outcome> {
    return this.#answer({ what: 'setProperties', cloud, device, request }, this.outcome);
  }

  async getProperties(cloud: Cloud, device: DeviceRef, request: object): Promise<readonly PropertyGroup[]> {
    return this.#answer({ what: 'getProperties', cloud, device, request }, this.groups);
  }

  async invoke(cloud: Cloud, device: DeviceRef, request: object): Promise<CommandResult> {
    return this.#answer({ what: 'invoke', cloud, device, request }, this.result);
  }

  async control(cloud: Cloud, device: DeviceRef, request: object): Promise<{ readonly sent: boolean }> {
    this.asked.push({ what: 'control', cloud, device, request });
    return { sent: this.online.has(device) && this.takesControl };
  }

  async post(cloud: Cloud, device: DeviceRef, request: object): Promise<void> {
    this.#answer({ what: 'post', cloud, device, request }, this.posted);
  }

  async publish(cloud: Cloud, device: DeviceRef, request: object): Promise<void> {
    this.#answer({ what: 'publish', cloud, device, request }, this.posted);
  }

  kick(cloud: Cloud, device: DeviceRef, reason: string): void {
    this.online.delete(device);
    this.asked.push({ what: 'kick', cloud, device, request: { reason } });
  }

  #answer<T>(asked: Asked, answer: T | LianyunError): T {
    if (!this.online.has(asked.device)) throw new LianyunError('offline', `${asked.device} is not connected.`, { device: asked.device });
    this.asked.push(asked);
    if (answer instanceof LianyunError) throw answer;
    return answer;
  }
}

/** Gateways that hear nothing; what they would have heard is kept. */
class ScriptedTopology implements Topology {
  readonly told: { readonly what: 'added' | 'removed'; readonly gateway: DeviceRef; readonly children: readonly DeviceRef[] }[] = [];

  added(_cloud: Cloud, gateway: DeviceRef, children: readonly Device[]): void {
    this.told.push({ what: 'added', gateway, children: children.map(({ device }) => device) });
  }

  removed(_cloud: Cloud, gateway: DeviceRef, children: readonly Device[]): void {
    this.told.push({ what: 'removed', gateway, children: children.map(({ device }) => device) });
  }

  forget(): void {
    // Nothing is known.
  }
}

/** A whole north side on a free port of loopback, and what is behind it. */
export class NorthUnderTest implements AsyncDisposable {
  readonly clock = new StillClock();
  readonly downlink = new ScriptedDownlink();
  readonly children = new ScriptedTopology();
  readonly storage = openStorage({ clock: this.clock });
  readonly twins = this.storage.twins;
  readonly registry = new Registry({ store: this.storage.registryStore, clock: this.clock, onDeleted: (cloud, device) => this.#forget(cloud, device) });
  readonly postman = new Postman({ mailbox: this.storage.mailbox, downlink: this.downlink, registry: this.registry, clock: this.clock });
  readonly desired = new DesiredPusher({ storage: this.storage, downlink: this.downlink, registry: this.registry, problem: () => undefined });
  readonly objects = new Objects({ storage: this.storage, clock: this.clock });
  readonly signer = new GrantSigner('a key of the tests');
  readonly origin = new Origin({ localAddress: () => undefined, client: () => undefined }, undefined);
  readonly files = new Files({
    storage: this.storage,
    objects: this.objects,
    signer: this.signer,
    origin: this.origin,
    peer: { handle: () => () => undefined },
    clock: this.clock,
    onFile: () => undefined,
    problem: () => undefined,
  });
  /** Of the devices that upgrades speak with, and what was said. */
  readonly said: { readonly op: string; readonly draft: object }[] = [];
  readonly upgrades = new Upgrades({
    storage: this.storage,
    objects: this.objects,
    signer: this.signer,
    origin: this.origin,
    registry: this.registry,
    downlink: this.downlink,
    clock: this.clock,
    peers: { huawei: this.#peer(), tencent: this.#peer() },
    onUpgrade: () => undefined,
    problem: () => undefined,
  });
  readonly services = new HuaweiServices({
    storage: this.storage,
    registry: this.registry,
    downlink: this.downlink,
    access: { client: () => undefined },
    peer: this.#peer(),
    clock: this.clock,
    addressFor: () => undefined,
    problem: () => undefined,
  });
  /** What devices published over HTTP. */
  readonly published: object[] = [];
  readonly problems: LianyunError[] = [];
  readonly north: Northbound;
  port = 0;
  server: Server | undefined;

  constructor(options: { readonly projectId?: string; readonly bodyLimitBytes?: number; readonly objectBytes?: number } = {}) {
    const { clock, downlink, children, storage, registry, postman, desired, objects, signer, origin, files, upgrades } = this;
    const takeUplink = (device: DeviceRef, frame: object): void => void this.published.push({ device, ...frame });
    const logs = new DeviceLogs({ peers: { huawei: this.#peer(), tencent: this.#peer() }, storage, registry, downlink, clock, onLog: () => undefined, problem: () => undefined });
    const deviceHttp = new DeviceHttp({ registry, clock, issue: () => undefined, takeUplink, takeLogs: (device, lines) => logs.take('tencent', device, lines), problem: (fault) => void this.problems.push(fault) });
    const peer = { ...this.#peer(), request: () => Promise.reject(new LianyunError('timeout', 'Nobody answers.')) };
    const tencent = openTencentServices({ peer, access: { online: () => downlink.online }, downlink, registry, storage, objects, signer, origin, clock, onClaim: () => undefined, onResource: () => undefined });
    this.north = createNorthbound({ deviceHttp, logs, tencent, registry, storage, postman, downlink, children, desired, broadcasts: { toTopic: () => undefined, toProduct: () => undefined }, objects, signer, origin, files, upgrades, huawei: this.services, clock, keys: { huawei: [KEYS.huawei], tencent: [KEYS.tencent] }, ...options });
  }

  #forget(cloud: Cloud, device: DeviceRef): void {
    forgetDevice(this.storage, cloud, device);
    if (cloud === 'huawei') this.services.forget(device);
  }

  #peer(): Pick<Peer, 'send' | 'handle'> {
    return {
      handle: () => () => undefined,
      send: (op, draft) => {
        this.said.push({ op, draft });
        return { stored: Promise.resolve(), delivered: Promise.resolve() };
      },
    };
  }

  async start(): Promise<this> {
    ({ port: this.port, server: this.server } = await this.north.listen({ host: '127.0.0.1', port: 0 }));
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.services.close();
    return this.north.close();
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** A signed request to Huawei's API; `path` follows `/v5/iot/p1`. */
  async huawei(method: string, path: string, body?: unknown, options: { readonly base?: string; readonly region?: string } = {}): Promise<HttpAnswer> {
    const url = `${options.base ?? ''}/v5/iot/p1${path}`;
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const request = { method, url, headers: { host: this.host, 'content-type': 'application/json', 'x-project-id': 'p1' }, body: Buffer.from(text) };
    return this.send({ ...request, headers: signHuawei(request, KEYS.huawei, { at: this.clock.now(), ...(options.region === undefined ? {} : { region: options.region }) }) });
  }

  /** A signed request to Tencent's API; resolves with `Response`. */
  async tencent(action: string, parameters: unknown = {}, options: { readonly version?: string; readonly at?: number } = {}): Promise<Readonly<Record<string, unknown>>> {
    const request = {
      method: 'POST',
      url: '/',
      headers: { host: this.host, 'content-type': 'application/json', 'x-tc-action': action, 'x-tc-version': options.version ?? '2019-04-23' },
      body: Buffer.from(typeof parameters === 'string' ? parameters : JSON.stringify(parameters)),
    };
    const answer = await this.send({ ...request, headers: signTencent(request, KEYS.tencent, { at: options.at ?? this.clock.now() }) });
    if (answer.status !== 200) throw new Error(`HTTP ${answer.status}`);
    return answer.body['Response'] as JsonObject;
  }

  async send({ method, url, headers, body }: SignedRequest): Promise<HttpAnswer> {
    const wire = Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== 'host'));
    const response = await fetch(`http://${this.host}${url}`, { method, headers: wire, ...(method === 'GET' || body.length === 0 ? {} : { body: new Uint8Array(body) }) });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: text === '' ? {} : (JSON.parse(text) as JsonObject) };
  }
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: JsonObject;
}

/** The requests of the vendors' clients in fixtures/northbound. */
export function recorded(cloud: Cloud): readonly (readonly [name: string, request: SignedRequest])[] {
  const file = new URL(`../../fixtures/northbound/${cloud}.json`, import.meta.url);
  const requests = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { method: string; url: string; headers: Record<string, string>; body: string }>;
  return Object.entries(requests).map(([name, { body, ...rest }]) => [name, { ...rest, body: Buffer.from(body) }]);
}
