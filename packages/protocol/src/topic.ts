import { LianyunError } from './errors.ts';

/** The slot names of a topic template, as a type: `'a/{b}/c={d}'` gives `{ b: string; d: string }`. */
export type Slots<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? { readonly [K in Name]: string } & Slots<Rest> : object;
/** Slot values whose names are not known at compile time. */
export type AnySlots = Readonly<Record<string, string>>;

interface Segment {
  /** The literal text, or the text before the slot. */
  readonly text: string;
  readonly slot?: string;
}

/** A topic with named slots; a slot fills one level or the end of one (`request_id={requestId}`). A last level `#` stands for any rest. */
export interface Template {
  readonly text: string;
  readonly segments: readonly Segment[];
  /** What was filled in last: a device reports on the same topic for years. */
  last?: { readonly slots: AnySlots; readonly topic: string };
}

export function parseTemplate(text: string): Template {
  const segments = text.split('/').map((level): Segment => {
    const match = /^([^{}]*)(?:\{(\w+)\})?$/.exec(level);
    if (match === null) throw new LianyunError('bad-input', `The topic template ${text} has a malformed level ${level}.`, { topic: text });
    return match[2] === undefined ? { text: level } : { text: match[1] ?? '', slot: match[2] };
  });
  return { text, segments };
}

const UNUSABLE = /[+#/\u0000-\u001f\u007f-\u009f]/;

/** Whether text can stand in a topic as one level without changing what the topic means. A lone surrogate has no UTF-8. */
export function isTopicLevel(text: string): boolean {
  return text !== '' && !UNUSABLE.test(text) && text.isWellFormed();
}

/** Puts values into a template. Throws `bad-input` for a value that would change the topic's meaning. */
export function fillTemplate(template: Template, slots: AnySlots): string {
  if (template.last !== undefined && isSame(template.last.slots, slots)) return template.last.topic;
  let topic = '';
  for (const [index, { text, slot }] of template.segments.entries()) {
    if (index > 0) topic += '/';
    topic += text;
    if (slot === undefined) continue;
    const value = slots[slot];
    if (value === undefined || !isTopicLevel(value))
      throw new LianyunError('bad-input', `${JSON.stringify(value ?? null)} cannot be the ${slot} of a topic: it must be text without + # / and control characters.`, { topic: template.text });
    topic += value;
  }
  template.last = { slots, topic };
  return topic;
}

function isSame(a: AnySlots, b: AnySlots): boolean {
  for (const name in a) if (a[name] !== b[name]) return false;
  return true;
}

interface TrieNode<V> {
  readonly literals: Map<string, TrieNode<V>>;
  readonly slots: { readonly text: string; readonly slot: string; readonly node: TrieNode<V> }[];
  value?: V;
}

interface Found<V> {
  readonly value: V;
  readonly slots: AnySlots;
}

/** Topics kept by a table at most; a peer that invents them makes it start anew, no more. */
const MAX_RECENT = 4096;
const MAX_RECENT_LENGTH = 256;

/** Finds the template that a topic was filled from. */
export class TopicTable<V> {
  readonly #root: TrieNode<V> = { literals: new Map(), slots: [] };
  /** Devices use the same few topics again and again, and each message asks several times: what was found lately is kept. */
  readonly #recent = new Map<string, Found<V>>();

  add(template: Template, value: V): void {
    let node = this.#root;
    for (const { text, slot } of template.segments) {
      if (slot === undefined) {
        let next = node.literals.get(text);
        if (next === undefined) node.literals.set(text, (next = { literals: new Map(), slots: [] }));
        node = next;
      } else {
        let edge = node.slots.find((candidate) => candidate.text === text && candidate.slot === slot);
        if (edge === undefined) node.slots.push((edge = { text, slot, node: { literals: new Map(), slots: [] } }));
        node = edge.node;
      }
    }
    node.value = value;
    this.#recent.clear();
  }

  find(topic: string): Found<V> | undefined {
    const recent = this.#recent.get(topic);
    if (recent !== undefined) return recent;
    const slots: Record<string, string> = {};
    const value = walk(this.#root, topic.split('/'), 0, slots);
    if (value === undefined) return undefined;
    const found = { value, slots };
    if (topic.length <= MAX_RECENT_LENGTH) {
      if (this.#recent.size >= MAX_RECENT) this.#recent.clear();
      this.#recent.set(topic, found);
    }
    return found;
  }
}

function walk<V>(node: TrieNode<V>, levels: readonly string[], at: number, slots: Record<string, string>): V | undefined {
  const level = levels[at];
  if (level === undefined) return node.value;
  const literal = node.literals.get(level);
  if (literal !== undefined) {
    const value = walk(literal, levels, at + 1, slots);
    if (value !== undefined) return value;
  }
  for (const edge of node.slots) {
    if (level.length <= edge.text.length || !level.startsWith(edge.text)) continue;
    const value = walk(edge.node, levels, at + 1, slots);
    if (value === undefined) continue;
    slots[edge.slot] = level.slice(edge.text.length);
    return value;
  }
  return undefined;
}

/**
 * Whether a subscription filter stays within a template whose device slots hold `own`: `own` when everything it matches there
 * belongs to that device, `foreign` when it would match other devices' topics, `none` when it does not meet the template.
 */
export function filterWithin(filter: string, template: Template, own: AnySlots): 'own' | 'foreign' | 'none' {
  const levels = filter.split('/');
  let isOpen = false;
  for (const [index, level] of levels.entries()) {
    const segment = template.segments[index];
    // A wildcard in the first level does not match a topic that begins with $ (MQTT 3.1.1, 4.7.2).
    if (index === 0 && (level === '#' || level === '+') && template.text.startsWith('$')) return 'none';
    if (level === '#') return isOpen || template.segments.slice(index).some((rest) => isDeviceSlot(rest, own)) ? 'foreign' : 'own';
    if (segment === undefined) return 'none';
    if (segment.text === '#' && segment.slot === undefined) return index === 0 && filter.startsWith('$') ? 'none' : isOpen ? 'foreign' : 'own';
    if (level === '+') {
      if (isDeviceSlot(segment, own)) isOpen = true;
      continue;
    }
    if (isDeviceSlot(segment, own)) {
      if (!level.startsWith(segment.text)) return 'none';
      if (level !== segment.text + ownValue(segment, own)) isOpen = true;
    } else if (segment.slot === undefined ? level !== segment.text : !level.startsWith(segment.text)) return 'none';
  }
  if (levels.length < template.segments.length && template.segments[levels.length]?.text !== '#') return 'none';
  return isOpen ? 'foreign' : 'own';
}

/** Whether `topic` is one of the template's when its device slots hold `own`. */
export function topicWithin(topic: string, template: Template, own: AnySlots): boolean {
  const levels = topic.split('/');
  for (const [index, segment] of template.segments.entries()) {
    if (segment.text === '#' && segment.slot === undefined) return index > 0 ? levels.length > index : !topic.startsWith('$');
    const level = levels[index];
    if (level === undefined) return false;
    if (isDeviceSlot(segment, own)) {
      if (level !== segment.text + ownValue(segment, own)) return false;
    } else if (segment.slot === undefined ? level !== segment.text : level.length <= segment.text.length || !level.startsWith(segment.text)) return false;
  }
  return levels.length === template.segments.length;
}

function isDeviceSlot(segment: Segment, own: AnySlots): boolean {
  return segment.slot !== undefined && own[segment.slot] !== undefined;
}

function ownValue(segment: Segment, own: AnySlots): string {
  return segment.slot === undefined ? '' : (own[segment.slot] ?? '');
}
