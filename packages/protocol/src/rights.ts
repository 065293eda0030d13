import { codecOf, entriesOf } from './codec.ts';
import type { AnyDialect, Row } from './dialect.ts';
import { filterWithin, topicWithin, type AnySlots, type Template } from './topic.ts';
import { EXCHANGES, isRequest, type DeviceRef, type Op } from './vocabulary.ts';

/** What a topic is to who publishes there: `system`: a message of the protocol; `custom`: one that the protocol only carries; `forbidden`: neither of its own. */
export type TopicKind = 'system' | 'custom' | 'forbidden';

/** Longest custom topic, and longest filter, in characters. Huawei documents 128 (1.2) and Tencent nothing: what is longer is no topic of either, and costs whoever routes it. */
const MAX_TOPIC = 512;

/** What a device may publish and subscribe, derived from the rows and the custom topics of its dialect. */
export interface Rights {
  /** What a topic is when a device publishes there. */
  kindOf(topic: string, device: DeviceRef): TopicKind;
  /** Whether the devices may publish to the topic. */
  mayPublish(topic: string, devices: Iterable<DeviceRef>): boolean;
  /** Whether everything that a filter matches belongs to one of the devices. */
  maySubscribe(filter: string, devices: Iterable<DeviceRef>): boolean;
  /** Whether a filter, or a topic, is below where the product of a device may declare topics: only its cloud knows whether it has. */
  mayBeDeclared(filter: string, device: DeviceRef): boolean;
  /** Whether a filter can match custom topics: what devices and applications say to each other beside the protocol. */
  meetsCustom(filter: string, device: DeviceRef): boolean;
}

// Derived from a constant: one per dialect serves every device of the process.
const known = new WeakMap<AnyDialect, Rights>();

/** The rights that a dialect gives its devices. */
export function rightsOf(dialect: AnyDialect): Rights {
  let rights = known.get(dialect);
  if (rights === undefined) known.set(dialect, (rights = derive(dialect)));
  return rights;
}

function derive(dialect: AnyDialect): Rights {
  const codec = codecOf(dialect);
  const downlinks = [...new Map(entriesOf(dialect).flatMap(([, row]) => (row.direction === 'down' ? [[row.topic, row.template] as const] : []))).values()];
  const custom = (access: 'publish' | 'subscribe'): Template[] => dialect.customTopics.filter((topic) => topic.access === 'both' || topic.access === access).map((topic) => topic.template);
  const publishable = custom('publish');
  const subscribable = [...downlinks, ...custom('subscribe'), ...(dialect.silentTopics ?? [])];
  const allCustom = dialect.customTopics.map((topic) => topic.template);
  const isOwn = (filter: string, own: AnySlots): boolean => {
    const meets = subscribable.map((template) => filterWithin(filter, template, own));
    return meets.includes('own') && !meets.includes('foreign');
  };
  const kindOf = (topic: string, device: DeviceRef): TopicKind => {
    const slots = codec.slotsOf('up', topic);
    const own = dialect.deviceSlots(device);
    if (slots !== undefined) return names(slots, own) ? 'system' : 'forbidden';
    return topic.length <= MAX_TOPIC && publishable.some((template) => topicWithin(topic, template, own)) ? 'custom' : 'forbidden';
  };
  return {
    kindOf,
    mayPublish: (topic, devices) => some(devices, (device) => kindOf(topic, device) !== 'forbidden'),
    maySubscribe: (filter, devices) => filter.length <= MAX_TOPIC && some(devices, (device) => isOwn(filter, dialect.deviceSlots(device))),
    mayBeDeclared: (filter, device) => {
      const isWithin = (template: Template): boolean => filterWithin(filter, template, dialect.deviceSlots(device)) === 'own';
      // What may be done with those that every product has is settled.
      return (dialect.declaredTopics ?? []).some(isWithin) && !allCustom.some(isWithin);
    },
    meetsCustom: (filter, device) => allCustom.some((template) => filterWithin(filter, template, dialect.deviceSlots(device)) !== 'none'),
  };
}

/** Whether a topic's slots name the device that `own` names. */
function names(slots: AnySlots, own: AnySlots): boolean {
  for (const name in own) if (slots[name] !== own[name]) return false;
  return true;
}

function some<T>(values: Iterable<T>, test: (value: T) => boolean): boolean {
  for (const value of values) if (test(value)) return true;
  return false;
}

/** A filter to subscribe and the quality of service to ask for. */
export interface Subscription {
  readonly filter: string;
  readonly qos: 0 | 1;
}

/** The filters that a device subscribes at connect. */
export function filtersAtConnect(dialect: AnyDialect, device: DeviceRef): Subscription[] {
  return filtersOf(dialect, device, (row) => row.subscribe === undefined);
}

/**
 * The filters that an operation needs, whether subscribed at connect or not: its own for a downlink, that of its answer for an
 * uplink which has one. Throws `unsupported` when the cloud has no such operation.
 */
export function filtersFor(dialect: AnyDialect, device: DeviceRef, op: Op): Subscription[] {
  const { settledBy } = codecOf(dialect).row(op);
  const answer = isRequest(op) ? EXCHANGES[op] : settledBy;
  return filtersOf(dialect, device, (_, each) => each === op || each === answer);
}

function filtersOf(dialect: AnyDialect, device: DeviceRef, isWanted: (row: Row, op: Op) => boolean): Subscription[] {
  const slots = dialect.deviceSlots(device);
  // What a platform subscribes by itself is all but what is subscribed on use.
  const downlinks = entriesOf(dialect).filter(([, row]) => row.direction === 'down' && (dialect.subscribe === 'explicit' || row.subscribe === 'on-use'));
  const wanted = new Map(downlinks.flatMap(([op, row]) => (isWanted(row, op) ? [[row.topic, row.template] as const] : [])));
  return [...wanted].map(([topic, { segments }]) => ({
    filter: segments.map(({ text, slot }) => (slot === undefined ? text : slots[slot] === undefined ? '+' : text + slots[slot])).join('/'),
    // One subscription serves all rows of its topic.
    qos: downlinks.some(([, row]) => row.topic === topic && row.qos === 1) ? 1 : 0,
  }));
}
