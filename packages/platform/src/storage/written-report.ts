import { parseExact, stringifyExact, type JsonValue, type PropertyGroup } from '@lianyun/protocol';
import { instant } from '../history.ts';

/** Properties of a service that are reported together. */
export interface Company {
  readonly service: string;
  /** In order. */
  readonly names: readonly string[];
  /** Tells it from others. */
  readonly key: string;
}

/** One service's part of a report, written once for the journal and the history: as text it costs the garbage collector nothing while it waits. */
export interface WrittenSample {
  readonly company: Company;
  readonly at: number;
  /** A JSON list, in the order of the company's names. */
  readonly values: string;
}

/** Names as they stand in a report. */
interface Shape {
  readonly service: string;
  readonly names: readonly string[];
  readonly company: Company;
  /** For each name of the company its place among `names`; left out: the same. */
  readonly order?: readonly number[];
}

/** The shapes of a device's last report, group by group: the next one mostly has the same. */
export type Shapes = (Shape | undefined)[];

/** So many shapes are known at a time; devices may invent names. */
const KNOWN = 10_000;

/** Writes reports. */
export class ReportWriter {
  readonly #shapes = new Map<string, Shape>();

  /** `last`: the shapes of the device's last report, brought up to date. */
  write(groups: readonly PropertyGroup[], arrivedAt: number, last: Shapes): readonly WrittenSample[] {
    return groups.map(({ service = '', at, values }, index) => {
      const names = Object.keys(values);
      const before = last[index];
      const shape = before?.service === service && isSame(before.names, names) ? before : (last[index] = this.#shape(service, names));
      const given = Object.values(values);
      return { company: shape.company, at: instant(at ?? arrivedAt, arrivedAt), values: stringifyExact(shape.order === undefined ? given : shape.order.map((place) => given[place])) };
    });
  }

  #shape(service: string, names: readonly string[]): Shape {
    const key = keyOf(service, names);
    const known = this.#shapes.get(key);
    if (known !== undefined) return known;
    if (this.#shapes.size >= KNOWN) this.#shapes.clear();
    const company = companyOf(service, names);
    const isInOrder = isSame(company.names, names);
    const shape = { service, names, company, ...(isInOrder ? {} : { order: company.names.map((name) => names.indexOf(name)) }) };
    this.#shapes.set(key, shape);
    return shape;
  }
}

/** The company of these properties, in any order. */
export function companyOf(service: string, names: readonly string[]): Company {
  const inOrder = names.toSorted();
  return { service, names: inOrder, key: keyOf(service, inOrder) };
}

/** Reads a sample's values back. */
export const valuesOf = ({ values }: Pick<WrittenSample, 'values'>): readonly JsonValue[] => parseExact(values) as readonly JsonValue[]; // written above

/** Reads a sample back as it was reported, but for the order of its names. */
export function groupOf(sample: WrittenSample): PropertyGroup {
  const { company: { service, names }, at } = sample;
  const values = valuesOf(sample);
  return { ...(service === '' ? {} : { service }), at, values: Object.fromEntries(names.map((name, index) => [name, values[index] ?? null])) };
}

/** What a report says; of what it says twice of one service and time, the later counts. */
export function mergedSamples(samples: readonly WrittenSample[]): readonly WrittenSample[] {
  if (samples.length < 2) return samples;
  const merged = new Map<string, WrittenSample>();
  for (const sample of samples) {
    const key = `${sample.at} ${sample.company.service}`;
    const first = merged.get(key);
    merged.set(key, first === undefined ? sample : together(first, sample));
  }
  return [...merged.values()];
}

function together(first: WrittenSample, second: WrittenSample): WrittenSample {
  const values = new Map([first, second].flatMap((sample) => {
    const list = valuesOf(sample);
    return sample.company.names.map((name, index) => [name, list[index] ?? null] as const);
  }));
  const company = companyOf(second.company.service, [...values.keys()]);
  return { company, at: second.at, values: stringifyExact(company.names.map((name) => values.get(name) ?? null)) };
}

const keyOf = (service: string, names: readonly string[]): string => JSON.stringify([service, ...names]);

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
