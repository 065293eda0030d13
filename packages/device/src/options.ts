import { LianyunError, systemClock, type AnyDialect, type Clock, type IdentityOf, type MqttCredentials } from '@lianyun/protocol';
import { CloudTime } from './cloud-time.ts';
import type { DeviceModel } from './model.ts';
import { isSecure, readEndpoints, type Endpoint } from './net/endpoint.ts';
import type { NetworkSettings } from './net/open.ts';
import { readNetwork } from './net/options.ts';
import type { TlsOptions } from './net/tls-options.ts';
import type { OutboxBounds } from './outbox-room.ts';
import type { TopologyStore } from './services/gateway-topology.ts';
import type { Pace } from './session-state.ts';

/** How a device is made. Only the first three are needed. */
export interface DeviceOptions<D extends AnyDialect, M extends DeviceModel | undefined = DeviceModel> {
  /** The cloud: `huawei` or `tencent`. */
  readonly dialect: D;
  /** Who the device is; its members are the dialect's. */
  readonly identity: IdentityOf<D>;
  /**
   * Where to connect: `mqtts://host` (TLS, port 8883 when none is given), `wss://host/mqtt` (443; the path is `/mqtt` when left out), `mqtt://host` or
   * `host` (1883), `ws://host/mqtt` (80). WebSocket needs the package `ws`. A list is tried in its order; what worked last is tried first the next time.
   */
  readonly server: string | readonly string[];
  /** 4: MQTT 3.1.1, also when left out. 5: MQTT 5, with properties beside messages, and reasons in words where the server gives them. */
  readonly mqttVersion?: 4 | 5;
  /** Over TLS: whom to trust, and the device's own certificate. */
  readonly tls?: TlsOptions | undefined;
  /**
   * The proxy on the way to every server, also of downloads and uploads: `http://host:port`, `https://host:port` (TLS to the proxy), `socks5://host:port`, or
   * `socks5h://host:port` where the proxy looks up names; with `user:password@` before the host. False: none. Left out: what the environment says, as curl
   * reads it: `https_proxy` for `mqtts`, `wss` and `https`, `http_proxy` for `mqtt`, `ws` and `http`, `all_proxy` for all of them, also in capitals. The hosts
   * of `no_proxy` are reached without.
   */
  readonly proxy?: string | false;
  /** Checks what is reported, set, called and told, by path and allowed range; `defineModel()` gives it types as well. */
  readonly model?: M;
  /** Seconds between signs of life; the cloud's own default when left out. Must be within the cloud's range. */
  readonly keepaliveSeconds?: number;
  /** QoS of stored uplinks, where the cloud leaves the choice. */
  readonly qos?: 0 | 1;
  /** Reports and messages of at least so many bytes travel packed with gzip. Left out: none do. Huawei only. */
  readonly gzipFromBytes?: number;
  /** Messages in flight at most, 1000 when left out. */
  readonly window?: number;
  /** Bounds of the outbox: 10,000 messages, 16 MiB, reject-new, 24 hours when left out. */
  readonly outbox?: Partial<OutboxBounds>;
  /** Deadline of one connection attempt, ms; 10,000 when left out. */
  readonly connectTimeoutMs?: number;
  /** Silence after which an unacknowledged message makes the device ask for a sign of life, ms; 10,000 when left out. */
  readonly ackSilenceMs?: number;
  /** Longest wait between two attempts, ms; 60,000 when left out. */
  readonly maxBackoffMs?: number;
  /** Least time between two attempts, ms. Left out: the cloud's own limit on its own hosts, none elsewhere. */
  readonly minConnectIntervalMs?: number;
  /**
   * Where a gateway keeps its sub-devices and which of them it wants online: the path of a file, which is made when it is not there and belongs to this
   * device alone, or a store of the program's own. Left out: they are known for as long as the process lives.
   */
  readonly topology?: TopologyStore | string;
  /** Time and chance, for tests. */
  readonly clock?: Clock;
}

// Written as a record so that the compiler sees when one is missing.
const NAMES: Readonly<Record<keyof DeviceOptions<AnyDialect>, true>> = {
  dialect: true,
  identity: true,
  server: true,
  mqttVersion: true,
  tls: true,
  proxy: true,
  model: true,
  keepaliveSeconds: true,
  qos: true,
  gzipFromBytes: true,
  window: true,
  outbox: true,
  connectTimeoutMs: true,
  ackSilenceMs: true,
  maxBackoffMs: true,
  minConnectIntervalMs: true,
  topology: true,
  clock: true,
};

/** What a vendor's face decides where the options of a device leave no choice. */
export interface FaceSettings {
  /** 3: MQTT 3.1. */
  readonly mqttVersion?: 3;
  /** The sign-in of every attempt, instead of a new one for each. */
  readonly credentials?: MqttCredentials;
  /** Subscribes and asks for nothing but what the face says. */
  readonly isQuiet?: true;
  /** Instead of the options; the face may change it while the device runs. */
  readonly pace?: Pace;
}

/** A device without a vendor's face. */
export const NO_FACE: FaceSettings = {};

/** The options of a device with everything filled in. */
export interface Settings {
  /** In the order in which they are tried. */
  readonly endpoints: readonly [Endpoint, ...Endpoint[]];
  readonly network: NetworkSettings;
  readonly mqttVersion: 3 | 4 | 5;
  readonly clock: Clock;
  readonly keepaliveSeconds: number;
  readonly window: number;
  readonly outbox: OutboxBounds;
  readonly connectTimeoutMs: number;
  readonly ackSilenceMs: number;
  readonly pace: Pace;
  /** The cloud's own: how long it may take to answer, and the largest payload it takes. */
  readonly answerMs: number;
  readonly payloadBytes: number;
  readonly cloud: string;
}

const MIB = 1_048_576;
const DEFAULT_BOUNDS: OutboxBounds = { maxCount: 10_000, maxBytes: 16 * MIB, policy: 'reject-new', expiresMs: 86_400_000 };

/** Reads the options of a device. Throws `bad-config` naming the option that is wrong, and what is expected. */
export function readOptions(options: DeviceOptions<AnyDialect>, face: FaceSettings = NO_FACE): Settings {
  // Said here in words, before something that is missing says it as a TypeError.
  if (typeof Promise.withResolvers !== 'function') throw new LianyunError('unsupported', `lianyun needs Node.js 22.13 or newer; this program runs on ${process.version}.`);
  const bad = (text: string): LianyunError => new LianyunError('bad-config', text);
  if (!isObject(options)) throw bad('A device needs options: { dialect, identity, server }.');
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name));
  if (unknown !== undefined) throw bad(`${unknown} is no option of a device; the options are ${Object.keys(NAMES).join(', ')}.`);
  const { dialect, clock = systemClock, outbox = {}, qos } = options;
  if (!isObject(dialect) || !('rows' in dialect) || !isObject(dialect.signIn)) throw bad('dialect is none: huawei or tencent, as this package exports them, is expected.');
  if (!isObject(options.identity)) throw bad("identity is none: an object with the device's names and secret is expected.");
  if (!isObject(outbox)) throw bad('outbox is no object: for example { maxCount: 1000 } is expected.');
  const unknownBound = Object.keys(outbox).find((name) => !Object.hasOwn(DEFAULT_BOUNDS, name));
  if (unknownBound !== undefined) throw bad(`outbox.${unknownBound} is no option; the options are ${Object.keys(DEFAULT_BOUNDS).join(', ')}.`);
  if (qos !== undefined && (qos as number) !== 0 && (qos as number) !== 1) throw bad(`qos is ${String(qos)}: 0 or 1 is expected.`);
  const { mqttVersion = 4 } = options;
  if ((mqttVersion as number) !== 4 && (mqttVersion as number) !== 5) throw bad(`mqttVersion is ${shownOf(mqttVersion)}: 5, or 4 for MQTT 3.1.1, is expected.`);
  const { policy = 'reject-new' } = outbox;
  if (!['reject-new', 'drop-oldest'].includes(policy)) throw bad(`outbox.policy is ${String(policy)}: reject-new or drop-oldest is expected.`);
  const endpoints = readEndpoints(options.server);
  const network = { ...readNetwork(options), serverTime: new CloudTime(clock) };
  if (options.tls !== undefined && !endpoints.some(isSecure) && network.proxies?.isSecure !== true) throw bad(`tls is given, and ${String(options.server)} is not spoken to over TLS: mqtts:// or wss:// is expected.`);
  const { limits } = dialect;
  const keepalive = limits.keepaliveSeconds;
  return {
    endpoints,
    network,
    mqttVersion: face.mqttVersion ?? mqttVersion,
    clock,
    keepaliveSeconds: whole('keepaliveSeconds', options.keepaliveSeconds ?? keepalive.default, keepalive.min, keepalive.max),
    window: whole('window', options.window ?? 1000, 1, 65_000),
    // A crowd of devices shares the defaults.
    outbox:
      options.outbox === undefined
        ? DEFAULT_BOUNDS
        : {
            maxCount: within('outbox.maxCount', outbox.maxCount ?? DEFAULT_BOUNDS.maxCount, 1, Infinity),
            maxBytes: within('outbox.maxBytes', outbox.maxBytes ?? DEFAULT_BOUNDS.maxBytes, 1, Infinity),
            policy,
            expiresMs: within('outbox.expiresMs', outbox.expiresMs ?? DEFAULT_BOUNDS.expiresMs, 1, Infinity),
          },
    connectTimeoutMs: within('connectTimeoutMs', options.connectTimeoutMs ?? 10_000, 1, Infinity),
    ackSilenceMs: within('ackSilenceMs', options.ackSilenceMs ?? 10_000, 1, Infinity),
    pace: face.pace ?? shared({
      floorMs: within('minConnectIntervalMs', options.minConnectIntervalMs ?? (endpoints.some(({ host }) => dialect.isVendorHost(host)) ? limits.connectIntervalMs : 0), 0, Infinity),
      ceilingMs: within('maxBackoffMs', options.maxBackoffMs ?? 60_000, 1, Infinity),
      servers: endpoints.length,
    }),
    answerMs: limits.answerMs,
    payloadBytes: limits.payloadBytes,
    cloud: dialect.name,
  };
}

// A crowd of devices shares it.
let lastPace: Pace | undefined;

function shared(pace: Pace): Pace {
  if (lastPace?.floorMs !== pace.floorMs || lastPace.ceilingMs !== pace.ceilingMs || lastPace.servers !== pace.servers) lastPace = pace;
  return lastPace;
}

/** Throws `bad-config` for a device with a pre-shared key and no server that it could prove itself to with that. */
export function checkKey({ psk }: MqttCredentials, endpoints: readonly Endpoint[]): void {
  if (psk !== undefined && !endpoints.some(({ scheme }) => scheme === 'mqtts')) throw new LianyunError('bad-config', 'identity.psk is given, and no server is spoken to over TLS: TLS-PSK goes over mqtts:// only.');
}

/** Checks a number. Throws `bad-config` naming it and its range. */
function within(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw new LianyunError('bad-config', `${name} is ${shownOf(value)}: a number from ${min} to ${max} is expected.`);
}

/** Checks a whole number. Throws `bad-config` naming it and its range. */
function whole(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new LianyunError('bad-config', `${name} is ${shownOf(value)}: a whole number from ${min} to ${max} is expected.`);
}

function shownOf(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** Types say so already; a program in JavaScript can pass anything. */
function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
