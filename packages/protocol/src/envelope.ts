import { LianyunError } from './errors.ts';
import { parseFrame, stringifyExact } from './json.ts';
import type { DeviceRef } from './vocabulary.ts';

/** A tagged piece of a frame. */
export interface Part {
  readonly tag?: string;
  readonly id?: string;
  /** The device concerned, where the frame names one beside the topic (Huawei `object_device_id`). */
  readonly device?: DeviceRef;
  /** When it happened, as the frame writes it (Huawei `event_time`). */
  readonly time?: string;
  /** Where the body is in the document; left out: `$`. */
  readonly path?: string;
  readonly body: unknown;
}

/** The payload of a frame: bytes, or text that was never bytes. */
export type Payload = string | Uint8Array;

/** How a payload carries one or more tagged messages. `open` throws {@link LianyunError} `bad-frame` with the path. */
export interface Envelope {
  open(payload: Payload, topic: string): readonly Part[];
  seal(part: Part): Payload;
}

const utf8 = new TextDecoder();

/** A payload as text. */
export function textOf(payload: Payload): string {
  // Buffer's own decoder is several times as fast as TextDecoder for the small frames of devices.
  if (typeof payload === 'string') return payload;
  return Buffer.isBuffer(payload) ? payload.toString('utf8') : utf8.decode(payload);
}

/** A payload as bytes that may be kept: those of a frame belong to its connection. */
export function copyOf(payload: Payload): Uint8Array {
  return typeof payload === 'string' ? new TextEncoder().encode(payload) : Uint8Array.from(payload);
}

/** The payload is the message, whatever its bytes. */
export const raw: Envelope = {
  open: (payload) => [{ body: copyOf(payload) }],
  // A row with this envelope has bytes for its body: its schema says so.
  seal: (part) => part.body as Uint8Array,
};

/** JSON has no NaN and no Infinity: they would leave as null, which is another value. */
function write(document: unknown): string {
  const text = stringifyExact(document);
  if (text.includes('null')) refuseNoNumber(document, '$');
  return text;
}

function refuseNoNumber(value: unknown, path: string): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new LianyunError('bad-input', `${path} is ${value}, which JSON cannot say: a finite number is expected.`, { path });
  if (typeof value !== 'object' || value === null) return;
  for (const [name, each] of Object.entries(value)) refuseNoNumber(each, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`);
}

/** An envelope whose payload is one JSON document. */
export function json(envelope: { open(document: unknown, topic: string): readonly Part[]; seal(part: Part): unknown }): Envelope {
  return {
    open: (payload, topic) => envelope.open(parseFrame(textOf(payload), topic), topic),
    seal: (part) => write(envelope.seal(part)),
  };
}

/** The JSON document is the message. */
export const plain: Envelope = json({
  open: (body) => [{ body }],
  seal: (part) => part.body,
});
