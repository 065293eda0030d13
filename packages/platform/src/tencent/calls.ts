import { randomUUID } from 'node:crypto';
import { isJsonObject, isLianyunError, LianyunError, type Clock, type DeviceRef, type Peer } from '@lianyun/protocol';
import type { Downlink } from '../downlink.ts';

/** How long the cloud waits for the answer to a call, ms: in the form of IoT Hub (reference 7.3), and in that of IoT Explorer. */
const WAIT_MS = { rpc: 4000, sync: 5000 } as const;

interface CallOptions {
  readonly peer: Pick<Peer, 'request'>;
  readonly downlink: Pick<Downlink, 'route' | 'publish'>;
  readonly clock: Clock;
}

/** A call over topics of the product's own. */
interface TopicCall {
  readonly device: DeviceRef;
  readonly topic: string;
  readonly replyTopic: string;
  readonly token: string;
  readonly payload: Uint8Array;
}

/** Calls of devices without a model: RRPC in its three forms (reference 7.3). All reject with `offline`, `unsupported` (the device has not subscribed) and `timeout`. */
export class Calls {
  readonly #options: CallOptions;
  /** Those over topics of a product's own that wait, by device, topic and token. */
  readonly #waiting = new Map<string, (payload: Buffer) => void>();
  #lastId = 0;

  constructor(options: CallOptions) {
    this.#options = options;
  }

  /** Calls a device over the topics of either form; resolves with what it answers. */
  async call(form: 'rpc' | 'sync', device: DeviceRef, bytes: Uint8Array): Promise<{ readonly id: string; readonly bytes: Uint8Array }> {
    const { peer, downlink } = this.#options;
    const via = downlink.route('tencent', device);
    if (via === undefined) throw offline(device);
    const id = String(this.newId());
    const { body } = await peer.request(`${form}.call`, { device, via, id, body: { bytes } }, { deadlineMs: WAIT_MS[form] });
    return { id, bytes: body.bytes };
  }

  /** Publishes to a topic of the product's own and waits for the answer with the token on another. */
  async callOver({ device, topic, replyTopic, token, payload }: TopicCall): Promise<Buffer> {
    const { downlink, clock } = this.#options;
    const key = keyOf(device, replyTopic, token);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const timer = clock.after(WAIT_MS.sync, () => reject(new LianyunError('timeout', `${device} did not answer on ${replyTopic} in time.`, { device })), true);
    // Before it is sent, since the answer may be faster than the word that it left.
    this.#waiting.set(key, resolve);
    try {
      // It leaves when the device reads, which may be never.
      downlink.publish('tencent', device, { topic, payload, qos: 0 }).catch(reject);
      return await promise;
    } finally {
      timer.cancel();
      this.#waiting.delete(key);
    }
  }

  /** Looks whether what came on a topic of a product's own answers a call. */
  onCustom(device: DeviceRef, topic: string, payload: Buffer): void {
    if (this.#waiting.size === 0) return;
    const answer = answerIn(payload);
    if (answer !== undefined) this.#waiting.get(keyOf(device, topic, answer.token))?.(answer.bytes);
  }

  /** A number that no other call has now. */
  newId(): number {
    this.#lastId = Math.max(this.#lastId + 1, this.#options.clock.now());
    return this.#lastId;
  }

  /** A token for a call over topics of a product's own. */
  newToken(): string {
    return `v2::${randomUUID()}`;
  }
}

const keyOf = (device: DeviceRef, topic: string, token: string): string => JSON.stringify([device, topic, token]);

/** `{"method":"rrpc_sync_reply","clientToken":…,"payload":base64}`. */
function answerIn(payload: Buffer): { readonly token: string; readonly bytes: Buffer } | undefined {
  let document: unknown;
  try {
    document = JSON.parse(payload.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isJsonObject(document)) return undefined;
  const { method, clientToken: token, payload: content } = document;
  if (method !== 'rrpc_sync_reply' || typeof token !== 'string') return undefined;
  return { token, bytes: typeof content === 'string' ? Buffer.from(content, 'base64') : Buffer.alloc(0) };
}

const offline = (device: DeviceRef): LianyunError => new LianyunError('offline', `${device} is not connected.`, { device });

/** Whether a call failed because the device could not be reached, and how. */
export function unreachable(error: unknown): 'offline' | 'not-subscribed' | 'silent' | undefined {
  if (!isLianyunError(error)) return undefined;
  if (error.code === 'timeout') return 'silent';
  if (error.code === 'unsupported') return 'not-subscribed';
  return ['offline', 'kicked', 'keepalive', 'network', 'closed', 'server-shutdown'].includes(error.code) ? 'offline' : undefined;
}
