import { parseExact, stringifyExact } from '@lianyun/protocol';
import { ValueError } from './errors.ts';
import type { Payload } from './words.ts';

/** A payload as Python's `json.dumps` writes it: text arrives quoted, nothing as null. Throws TypeError for what JSON has no form of, {@link ValueError} for NaN and Infinity. */
export function serialise(payload: unknown): string {
  check(payload, '$', new Set());
  return stringifyExact(payload ?? null);
}

function check(value: unknown, path: string, above: Set<object>): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new ValueError(`${path} is ${value}, which JSON cannot write.`);
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError(`${path} is a ${typeof value}, which is not JSON serializable.`);
  if (typeof value !== 'object' || value === null) return;
  if (value instanceof Uint8Array || value instanceof Map || value instanceof Set || value instanceof Date) throw new TypeError(`${path} is a ${value.constructor.name}, which is not JSON serializable.`);
  if (above.has(value)) throw new ValueError(`${path} holds itself: JSON cannot write it.`);
  above.add(value);
  for (const [name, each] of Object.entries(value)) check(each, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`, above);
  above.delete(value);
}

/** What arrived, as a callback gets it. */
export function readPayload(bytes: Buffer): Payload {
  const text = bytes.toString('utf8');
  try {
    // What parses is JSON.
    return parseExact(text) as Payload;
  } catch {
    return Buffer.from(text).equals(bytes) ? text : Buffer.from(bytes);
  }
}
