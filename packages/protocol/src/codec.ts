import * as v from 'valibot';
import { ANY_TAG, type AnyDialect, type Encoded, type Row } from './dialect.ts';
import { plain, textOf, type Part, type Payload } from './envelope.ts';
import { isLianyunError, LianyunError } from './errors.ts';
import { fillTemplate, TopicTable, type AnySlots } from './topic.ts';
import type { MessageProperties } from './message-properties.ts';
import { EXCHANGES, type DeviceRef, type Message, type Op } from './vocabulary.ts';

/** A message on its way out. */
export interface Frame {
  readonly topic: string;
  readonly payload: Payload;
  readonly qos: 0 | 1;
  /** Written over MQTT 5 only. */
  readonly properties?: MessageProperties | undefined;
}

interface Entry {
  readonly op: Op;
  readonly row: Row;
}

/** A message read from a frame, with the operation it is. */
export type Read = { [K in Op]: { readonly op: K; readonly message: Message<K> } }[Op];

/** Reads and writes the frames of one dialect. Holds tables, no state. */
export class Codec {
  readonly dialect: AnyDialect;
  readonly #replies = new Set<Op>(Object.values(EXCHANGES));
  readonly #tables = { up: new TopicTable<TopicRows>(), down: new TopicTable<TopicRows>() };

  constructor(dialect: AnyDialect) {
    this.dialect = dialect;
    for (const [op, row] of entriesOf(dialect)) {
      const table = this.#tables[row.direction];
      const known = table.find(row.topic)?.value ?? { first: row, byTag: new Map<string, Entry>() };
      for (const tag of tagsOf(row)) known.byTag.set(tag, { op, row });
      table.add(row.template, known);
      if (row.settledBy !== undefined) this.#replies.add(row.settledBy);
    }
  }

  /** Writes a message, with `qos` instead of its own. Throws `unsupported` when the cloud has no such operation, `bad-input` for an unusable topic slot. */
  encode<K extends Op>(op: K, message: Message<K>, qos?: 0 | 1): Frame {
    const row = this.row(op);
    const encoded = row.encode(message);
    const topic = fillTemplate(row.template, encoded.slots);
    const payload = (row.envelope ?? plain).seal(partOf(row, encoded, message.id));
    const own = qos ?? encoded.qos ?? row.qos;
    return message.properties === undefined ? { topic, payload, qos: own } : { topic, payload, qos: own, properties: message.properties };
  }

  /** The row of an operation. Throws `unsupported` when the cloud has none. */
  row<K extends Op>(op: K): Row<K> {
    const row = this.dialect.rows[op];
    if (row === undefined) throw new LianyunError('unsupported', `${op} is not part of the ${this.dialect.name} protocol.`);
    // Rows maps each operation to its own row; the compiler loses that link through the index.
    return row;
  }

  /** Whether an operation answers another, or settles it. */
  isReply(op: Op): boolean {
    return this.#replies.has(op);
  }

  /** Whether a topic belongs to a row of that direction. */
  knows(direction: 'up' | 'down', topic: string): boolean {
    return this.#find(direction, topic) !== undefined;
  }

  /** Whether a device subscribes a downlink's topic by itself, also where the platform subscribes the rest. */
  isOnUse(topic: string): boolean {
    return this.#find('down', topic)?.value.first.subscribe === 'on-use';
  }

  /** The slots of a topic that belongs to a row of that direction. */
  slotsOf(direction: 'up' | 'down', topic: string): AnySlots | undefined {
    return this.#find(direction, topic)?.slots;
  }

  /** How the payload of an uplink is packed, by what is glued to its topic; undefined: as it is. */
  packingOf(topic: string): string | undefined {
    const at = topic.indexOf('?');
    if (at < 0 || this.#tables.up.find(topic.slice(0, at))?.value.first.glued !== true) return undefined;
    return new URLSearchParams(topic.slice(at + 1)).get('encoding') ?? undefined;
  }

  /** Whether there are uplinks that may travel packed. */
  get hasPacking(): boolean {
    return Object.values(this.dialect.rows).some((row) => row.glued === true);
  }

  /** Whether an uplink may travel packed: `?encoding=gzip` is then glued to its topic. */
  takesPacked(topic: string): boolean {
    return !topic.includes('?') && this.#find('up', topic)?.value.first.glued === true;
  }

  /** Whether a gateway may publish to a topic that names one of its sub-devices. */
  isOpenToGateways(topic: string): boolean {
    return this.#find('up', topic)?.value.first.openToGateways === true;
  }

  /** Reads a frame into its messages; what is wrong with it goes to `onProblem`, the rest is still read. */
  decode(direction: 'up' | 'down', frame: Pick<Frame, 'topic' | 'payload' | 'properties'> & { readonly via: DeviceRef }, onProblem: (problem: LianyunError) => void): Read[] {
    const { topic, payload, via } = frame;
    const hit = this.#find(direction, topic);
    if (hit === undefined) {
      onProblem(new LianyunError('unknown-message', `No ${this.dialect.name} message is known on ${topic}.`, { topic, device: via, excerpt: excerptOf(payload) }));
      return [];
    }
    const reads: Read[] = [];
    try {
      for (const part of (hit.value.first.envelope ?? plain).open(payload, topic)) {
        try {
          reads.push(readPart(part, hit, via, topic));
        } catch (error) {
          onProblem(placed(error, topic, via, payload));
        }
      }
    } catch (error) {
      onProblem(placed(error, topic, via, payload));
    }
    if (frame.properties !== undefined) for (const { message } of reads) message.properties = frame.properties;
    return reads;
  }

  #find(direction: 'up' | 'down', topic: string): Hit | undefined {
    const table = this.#tables[direction];
    const at = direction === 'up' ? topic.indexOf('?') : -1;
    if (at < 0) return table.find(topic);
    const hit = table.find(topic.slice(0, at));
    return hit?.value.first.glued === true ? hit : table.find(topic);
  }
}

/** The rows of a topic. */
interface TopicRows {
  /** One of them: what holds for a topic is the same in all. */
  readonly first: Row;
  readonly byTag: Map<string, Entry>;
}

/** The rows of a topic, and its slots. */
interface Hit {
  readonly value: TopicRows;
  readonly slots: AnySlots;
}

function readPart(part: Part, hit: Hit, via: DeviceRef, topic: string): Read {
  const entry = hit.value.byTag.get(part.tag ?? '') ?? hit.value.byTag.get(ANY_TAG);
  if (entry === undefined) throw new LianyunError('unknown-message', `No message on ${topic} is tagged ${JSON.stringify(part.tag ?? null)}.`);
  const parsed = v.safeParse(entry.row.wire(), part.body);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const dotted = v.getDotPath(issue);
    const path = `${part.path ?? '$'}${dotted === null ? '' : `.${dotted.replace(/\.(\d+)/g, '[$1]')}`}`;
    throw new LianyunError('bad-frame', `${path} of the ${entry.op} on ${topic} is wrong: ${issue.message}.`, { path });
  }
  const decoded = entry.row.decode({ slots: hit.slots, part, body: parsed.output });
  const { device, at, body } = decoded;
  const id = 'id' in decoded ? decoded.id : part.id;
  // Member by member, as in partOf.
  const message: { -readonly [K in keyof Message]: Message[K] } = { device, via, body };
  if (id !== undefined) message.id = id;
  if (at !== undefined) message.at = at;
  // entry.op and the decoded body belong together: both come from the same row.
  return { op: entry.op, message } as Read;
}

function placed(error: unknown, topic: string, device: DeviceRef, payload: Payload): LianyunError {
  if (!isLianyunError(error)) return new LianyunError('bad-frame', `The frame on ${topic} cannot be read: ${String(error)}`, { topic, path: '$', device, cause: error });
  return new LianyunError(error.code, error.message, { excerpt: excerptOf(payload), ...error.place, topic, device, ...(error.cause === undefined ? {} : { cause: error.cause }) });
}

/** What the envelope carries. Written out member by member: this runs for every message. */
function partOf(row: Row, encoded: Encoded<AnySlots, unknown>, messageId: string | undefined): Part {
  if (row.envelope === undefined) return { body: encoded.body };
  const id = 'id' in encoded ? encoded.id : messageId;
  const tag = encoded.tag ?? tagsOf(row)[0];
  const { device, time, body } = encoded;
  const part: { -readonly [K in keyof Part]: Part[K] } = { body };
  if (tag !== undefined && tag !== '') part.tag = tag;
  if (id !== undefined) part.id = id;
  if (device !== undefined) part.device = device;
  if (time !== undefined) part.time = time;
  return part;
}

function tagsOf({ tag = '' }: Row): readonly string[] {
  return typeof tag === 'string' ? [tag] : tag;
}

const EXCERPT = 200;

function excerptOf(payload: Payload): string {
  return textOf(payload.length > EXCERPT * 4 ? payload.slice(0, EXCERPT * 4) : payload).slice(0, EXCERPT);
}

// A codec is tables made from a constant: one per dialect serves every device of the process.
const codecs = new WeakMap<AnyDialect, Codec>();

/** The codec of a dialect. */
export function codecOf(dialect: AnyDialect): Codec {
  let codec = codecs.get(dialect);
  if (codec === undefined) codecs.set(dialect, (codec = new Codec(dialect)));
  return codec;
}

/** The rows of a dialect with their operations. */
export function entriesOf(dialect: AnyDialect): [Op, Row][] {
  // Object.entries knows string keys only; a dialect's rows are keyed by operations.
  return Object.entries(dialect.rows) as unknown as [Op, Row][];
}
