import { isJsonObject, LianyunError, type Clock, type DeviceRef, type JsonObject, type JsonValue, type Peer, type ShadowDocument } from '@lianyun/protocol';
import type { Downlink } from '../downlink.ts';
import type { KeptDocument } from '../records.ts';
import type { Registry } from '../registry.ts';
import type { Storage } from '../storage/storage.ts';

/** What an update of another version is answered with. The vendor's number is documented nowhere; this one is what programs of its users look for. */
const OTHER_VERSION = 5005;
const TOO_LARGE = 5010;
/** A document that is larger is refused, so that it fits into one message with all that stands in it twice. */
const MAX_BYTES = 16_384;

interface ShadowDocumentsOptions {
  readonly peer: Pick<Peer, 'handle' | 'send'>;
  readonly registry: Registry;
  readonly storage: Pick<Storage, 'stored'>;
  readonly downlink: Pick<Downlink, 'route'>;
  readonly clock: Clock;
}

/** The shadows of IoT Hub's devices: a document each, with a version (reference 7.2). Kept with the device. */
export class ShadowDocuments {
  readonly #options: ShadowDocumentsOptions;

  constructor(options: ShadowDocumentsOptions) {
    this.#options = options;
    const { peer, storage, clock } = options;
    peer.handle('document.get', ({ device }) => ({ code: 0, at: clock.now(), document: this.get(device) }));
    peer.handle('document.update', async ({ device, body: { reported, desired, version } }) => {
      const kept = this.#kept(device);
      const answer = (code: number, document: ShadowDocument): { code: number; at: number; document: ShadowDocument } => ({ code, at: clock.now(), document });
      if (isOther(kept, version)) return answer(OTHER_VERSION, shown(kept));
      const next: KeptDocument = { ...kept, ...(reported === undefined ? {} : { reported: merged(kept.reported, reported) }), ...(desired === undefined ? {} : { desired: wanted(kept.desired, desired) }) };
      if (sizeOf(next) > MAX_BYTES) return answer(TOO_LARGE, shown(kept));
      const now = this.#keep(device, next);
      await storage.stored();
      return answer(0, { ...(reported === undefined || reported === null ? {} : { reported }), at: now.at, version: now.version });
    });
  }

  /** The document as the device and the application see it; one that nobody has written is empty, of version 0. Fails with `not-found`. */
  get(device: DeviceRef): ShadowDocument {
    return shown(this.#kept(device));
  }

  /**
   * Wants something of a device: members are merged into what is wanted, null takes one back. The device is told, if it listens, what differs from what it reported. Fails with `not-found`, `conflict` (the document
   * has another version), `too-large`.
   */
  want(device: DeviceRef, desired: JsonObject | null, version?: number): ShadowDocument {
    const { peer, downlink } = this.#options;
    const kept = this.#kept(device);
    if (isOther(kept, version)) throw new LianyunError('conflict', `The shadow of ${device} has the version ${kept.version}, not ${version ?? 0}; read it again.`, { device });
    const next: KeptDocument = { ...kept, desired: wanted(kept.desired, desired) };
    if (sizeOf(next) > MAX_BYTES) throw new LianyunError('too-large', `The shadow of ${device} would have more than ${MAX_BYTES} bytes.`, { device });
    const document = shown(this.#keep(device, next));
    const { delta, at, version: current } = document;
    const via = downlink.route('tencent', device);
    // Who does not listen asks for it.
    if (via !== undefined && delta !== undefined && Object.keys(delta).length > 0) peer.send('document.delta', { device, via, body: { delta, ...(at === undefined ? {} : { at }), ...(current === undefined ? {} : { version: current }) } }).delivered.catch(() => undefined);
    return document;
  }

  /** Forgets a document; the next begins at version 0. Fails with `not-found`. */
  remove(device: DeviceRef): void {
    this.#options.registry.updateDevice('tencent', device, { shadowDocument: undefined });
  }

  #kept(device: DeviceRef): KeptDocument {
    return this.#options.registry.device('tencent', device).shadowDocument ?? { version: 0 };
  }

  #keep(device: DeviceRef, document: KeptDocument): KeptDocument & { readonly at: number } {
    const next = { ...document, version: document.version + 1, at: this.#options.clock.now() };
    this.#options.registry.updateDevice('tencent', device, { shadowDocument: next });
    return next;
  }
}

/** 0 and nothing are no version that is asked for. */
const isOther = (kept: KeptDocument, version: number | undefined): boolean => version !== undefined && version !== 0 && version !== kept.version;

const sizeOf = ({ reported, desired }: KeptDocument): number => Buffer.byteLength(JSON.stringify([reported, desired], (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)));

/** A document with what is wanted and differs from what was reported, where anything is wanted (reference 7.2). */
function shown({ reported, desired, at, version }: KeptDocument): ShadowDocument {
  return { ...(reported === undefined ? {} : { reported }), ...(desired === undefined ? {} : { desired, delta: difference(desired, reported ?? {}) }), ...(at === undefined ? {} : { at }), version };
}

function wanted(before: JsonObject | undefined, change: JsonObject | null): JsonObject | undefined {
  const after = merged(before, change);
  return after !== undefined && Object.keys(after).length > 0 ? after : undefined;
}

/** Members are merged into objects; null takes a member back, and all of it at the top. */
function merged(before: JsonObject | undefined, change: JsonObject | null): JsonObject | undefined {
  if (change === null) return undefined;
  const after = new Map<string, JsonValue>(Object.entries(before ?? {}));
  for (const [name, value] of Object.entries(change)) {
    const known = after.get(name);
    if (value === null) after.delete(name);
    else after.set(name, isJsonObject(value) ? (merged(isJsonObject(known) ? known : undefined, value) ?? {}) : value);
  }
  return Object.fromEntries(after);
}

/** The members of one that the other does not have, or has otherwise. */
function difference(one: JsonObject, other: JsonObject): JsonObject {
  const entries = Object.entries(one).flatMap(([name, value]): [string, JsonValue][] => {
    const known = Object.hasOwn(other, name) ? other[name] : undefined;
    if (!isJsonObject(value) || !isJsonObject(known)) return isSame(value, known) ? [] : [[name, value]];
    const inner = difference(value, known);
    return Object.keys(inner).length === 0 ? [] : [[name, inner]];
  });
  return Object.fromEntries(entries);
}

function isSame(one: JsonValue, other: JsonValue | undefined): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((value, index) => isSame(value as JsonValue, other[index] as JsonValue));
  if (isJsonObject(one) && isJsonObject(other)) return Object.keys(one).length === Object.keys(other).length && Object.entries(one).every(([name, value]) => Object.hasOwn(other, name) && isSame(value, other[name]));
  return one === other;
}
