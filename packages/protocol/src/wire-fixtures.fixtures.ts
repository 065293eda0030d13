import type { Payload } from './envelope.ts';
import { isJsonObject } from './json.ts';
import type { Message, Op } from './vocabulary.ts';

/**
 * A frame as somebody's platform or SDK really sends it, and the message it is. In both, `{"$text": …}` and `{"$base64": …}` stand
 * for bytes.
 */
export interface Fixture {
  readonly name: string;
  /** Where it was seen: a case of the golden transcripts, or a clause of the protocol reference. */
  readonly source: string;
  readonly topic: string;
  readonly via: string;
  /** A document, or bytes. */
  readonly payload: unknown;
  readonly message: Message;
  /** Why we write a golden frame otherwise. */
  readonly differs?: string;
}

/** The fixtures in the files of a dialect, by operation. */
export function fixturesIn(files: Iterable<readonly [name: string, text: string]>): Map<Op, readonly Fixture[]> {
  return new Map(Array.from(files, ([name, text]) => [name.replace(/[.]json$/, '') as Op, revived(JSON.parse(text)) as Fixture[]]));
}

/** The payload as it is sent. */
export const payloadOf = ({ payload }: Fixture): Payload => (payload instanceof Uint8Array ? payload : JSON.stringify(payload));

function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (!isJsonObject(value)) return value;
  const { $text: text, $base64: base64 } = value;
  if (typeof text === 'string') return new TextEncoder().encode(text);
  if (typeof base64 === 'string') return Uint8Array.from(Buffer.from(base64, 'base64'));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, revived(item)]));
}
