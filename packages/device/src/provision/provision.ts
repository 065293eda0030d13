import { filtersFor, huawei, isJsonObject, isLianyunError, LianyunError, provisionedIdentity, type ErrorCode, type HuaweiIdentity, type Vocabulary } from '@lianyun/protocol';
import { DeviceCore } from '../device.ts';
import { isSecure, readEndpoints, whereOf } from '../net/endpoint.ts';
import type { DeviceOptions } from '../options.ts';
import { ProvisionFile, type ProvisionStore, type StoredProvision } from './store.ts';

type FromDevice = Pick<DeviceOptions<typeof huawei>, 'identity' | 'server' | 'tls' | 'proxy' | 'mqttVersion' | 'keepaliveSeconds' | 'connectTimeoutMs' | 'minConnectIntervalMs' | 'clock'>;

/** How a device asks where to connect. */
export interface ProvisionOptions extends FromDevice {
  /** With its own secret or certificate, or with those of its registration group: `{ deviceId, scopeId, groupSecret }`, `{ deviceId, scopeId, certificate: true }`. */
  readonly identity: HuaweiIdentity;
  /** The provisioning host. */
  readonly server: string | readonly string[];
  /** What a static policy looks for, where it does not look for it in the device's name. */
  readonly keyword?: string;
  /** Instead of a keyword: what a policy of one's own understands. */
  readonly message?: string;
  /** Where the answer is kept: a file, or a store of one's own. What is there is taken, and nobody is asked. Left out: nowhere. */
  readonly store?: string | ProvisionStore;
  /** True: asks, whatever is kept. */
  readonly fresh?: boolean;
  /** How long the host may take to answer, ms; 10,000 when left out. */
  readonly deadlineMs?: number;
  /** How long it may take to be connected to it, ms; 60,000 when left out. */
  readonly connectDeadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Hears of a store that cannot be read or written; the device is provisioned all the same. Left out: a warning of the process. */
  onProblem?(problem: LianyunError): void;
}

/** Where a device connects from now on, and as what: `new Device({ dialect: huawei, ...provisioned, tls })`. */
export interface Provisioned {
  readonly server: string;
  readonly identity: HuaweiIdentity;
}

/** How a device was provisioned. */
export interface Provisioning {
  /** What a device is made with. */
  readonly options: Provisioned;
  /** The device's first configuration, as the cloud gave it: JSON as a rule. */
  readonly config: string | undefined;
  /** Whether it was kept from before, or asked for now. */
  readonly from: 'store' | 'cloud';
}

/** What ends the wait for an answer: it was there, and is none. */
const FATAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['bad-frame', 'not-permitted']);

/**
 * Provisions a Huawei device (reference 6): asks the provisioning host where to connect and with which secret, and keeps the answer.
 *
 * Rejects with `refused` when no policy is for the device (the cloud's own code stands in the message), with `timeout` when there is no connection or no
 * answer in time, with `bad-credentials` for an unknown device or a wrong secret, with `bad-frame` for an answer that is none, with `offline`, `aborted`,
 * `bad-config`, and the errors of TLS.
 */
export async function provision(options: ProvisionOptions): Promise<Provisioning> {
  // Types say what it can be; a program in JavaScript can pass anything.
  const program: unknown = options;
  if (!isJsonObject(program) || !isJsonObject(program['identity'])) throw new LianyunError('bad-config', 'provision() takes { server, identity }, with the identity that the provisioning host knows.');
  const { identity, store: given, fresh = false } = options;
  const device = huawei.signIn.deviceOf(identity);
  const store = typeof given === 'string' ? new ProvisionFile({ file: given, device, identity }) : given;
  const problem = (cause: unknown): undefined => {
    const error = isLianyunError(cause) ? cause : new LianyunError('disk-failed', `The store of the provisioning threw: ${String(cause)}`, { device, cause });
    if (options.onProblem === undefined) process.emitWarning(error);
    else options.onProblem(error);
    return undefined;
  };
  const kept = fresh ? undefined : await store?.read().then(usable).catch(problem);
  const stored = kept ?? (await ask(options));
  if (kept === undefined) await store?.write(stored).catch(problem);
  return { options: { server: stored.server, identity: provisionedIdentity(identity, stored.secret) }, config: stored.config, from: kept === undefined ? 'cloud' : 'store' };
}

/** What was kept, if a device can be made with it. */
function usable(kept: StoredProvision | undefined): StoredProvision | undefined {
  if (kept !== undefined) readEndpoints(kept.server);
  return kept;
}

async function ask({ identity, server, keyword, message, deadlineMs = 10_000, connectDeadlineMs, signal, ...rest }: ProvisionOptions): Promise<StoredProvision> {
  const { tls, proxy, mqttVersion, keepaliveSeconds, connectTimeoutMs, minConnectIntervalMs, clock } = rest;
  if (keyword !== undefined && message !== undefined) throw new LianyunError('bad-config', 'keyword and message exclude each other: a keyword is a message.');
  const body: Vocabulary['provision.request'] = message !== undefined ? { text: message } : keyword !== undefined ? { keyword } : {};
  const wait = signal === undefined ? {} : { signal };
  const device = new DeviceCore({
    dialect: huawei,
    // The dialect of any cloud takes no identity in particular.
    identity: identity as never,
    server,
    ...defined({ tls, proxy, mqttVersion, keepaliveSeconds, connectTimeoutMs, minConnectIntervalMs, clock }),
  });
  const { promise: fault, reject } = Promise.withResolvers<never>();
  fault.catch(() => undefined);
  device.on('problem', (error) => {
    if (FATAL.has(error.code)) reject(error);
  });
  for (const { filter, qos } of filtersFor(huawei, device.id, 'provision.request')) device.topics.subscribe(filter, () => undefined, { qos });
  try {
    await device.connect({ ...(connectDeadlineMs === undefined ? {} : { deadlineMs: connectDeadlineMs }), ...wait });
    const { body: answer } = await Promise.race([device.peer.request('provision.request', { device: device.id, body }, { deadlineMs, ...wait }), fault]);
    if ('error' in answer) throw refusal(device.id, answer);
    const { address, secret, config } = answer;
    return { server: serverOf(address, server), ...defined({ secret, config }) };
  } finally {
    await device.close();
  }
}

function refusal(device: string, { error, text = 'no text' }: Extract<Vocabulary['provision.result'], { error: string }>): LianyunError {
  const number = Number(error);
  return new LianyunError('refused', `${device} was not provisioned: ${error}, ${text}.`, { device, ...(Number.isSafeInteger(number) ? { number } : {}) });
}

/** An address as the `server` option of a device: what was asked over TLS is not spoken to without. */
function serverOf(address: string, asked: string | readonly string[]): string {
  try {
    const [endpoint] = readEndpoints(`mqtt://${address}`);
    const isTls = endpoint.port === 8883 || readEndpoints(asked).some(isSecure);
    return `${isTls ? 'mqtts' : 'mqtt'}://${whereOf(endpoint)}`;
  } catch (cause) {
    throw new LianyunError('bad-frame', `The provisioning host gave the address ${JSON.stringify(address.slice(0, 200))}: host:port is expected.`, { path: '$.address', cause });
  }
}

/** The members that have a value, for options that tell absent from undefined. */
function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  // Exactly the members that have a value are left.
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}
