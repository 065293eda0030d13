import { FieldWriter } from './field-writer.ts';
import type { MqttVersion } from './packets.ts';
import { propertyByName } from './properties.ts';
import type { PropertiesOf, PropertyCarrier, PropertyRow } from './properties.ts';
import { hasWildcard } from './topic.ts';

/** Encodes a property block with its length, MQTT 5 section 2.2.2; members that are undefined do not exist. */
export function propertyBlock<C extends PropertyCarrier>(properties: PropertiesOf[C], carrier: C, version: MqttVersion): Buffer {
  const writer = new FieldWriter(carrier.toUpperCase(), version);
  if (version !== 5) writer.fail('version-field', 'properties');
  for (const [name, value] of Object.entries(properties) as [string, unknown][]) { // entries of an interface have no index type
    if (value === undefined) continue;
    const row = propertyByName(name);
    if (row === undefined) return writer.fail('property-unknown', name);
    if (!row.carriers.includes(carrier)) writer.fail('property-not-allowed', name, { detail: `in ${carrier}` });
    writeProperty(writer, row, carrier, value);
  }
  if (carrier === 'connect' && 'authenticationData' in properties && !('authenticationMethod' in properties)) {
    writer.fail('authentication-data-alone', 'authenticationData');
  }
  const fields = writer.fields();
  const block = new FieldWriter(carrier.toUpperCase(), version);
  block.varint(fields.length, 'property length');
  block.raw(fields);
  return block.fields();
}

function writeProperty(writer: FieldWriter, row: PropertyRow, carrier: PropertyCarrier, value: unknown): void {
  if (row.kind !== 'pair' && row.kind !== 'list') return writeOne(writer, row, value);
  const values = Array.isArray(value) ? (value as unknown[]) : writer.fail('field-range', row.name, { detail: 'not an array' });
  if (row.kind === 'list' && carrier === 'subscribe' && values.length > 1) writer.fail('property-repeated', row.name);
  for (const one of values) writeOne(writer, row, one);
}

function writeOne(writer: FieldWriter, row: PropertyRow, value: unknown): void {
  writer.byte(row.id, row.name);
  switch (row.kind) {
    case 'flag': return writer.byte(value === true ? 1 : value === false ? 0 : wrong(writer, row), row.name);
    case 'bit': return writer.byte(value === 1 || value === 0 ? value : wrong(writer, row), row.name);
    case 'uint16': return writer.uint16(numeric(writer, row, value), row.name);
    case 'uint32': return writer.uint32(numeric(writer, row, value), row.name);
    case 'list': return writer.varint(numeric(writer, row, value), row.name);
    case 'string': return writeString(writer, row, value);
    case 'binary': return writer.binary(value instanceof Uint8Array ? value : wrong(writer, row), row.name);
    case 'pair': return writePair(writer, row, value);
  }
}

function numeric(writer: FieldWriter, row: PropertyRow, value: unknown): number {
  if (typeof value !== 'number') return wrong(writer, row);
  if (value === 0 && row.isNonZero) writer.fail(row.name === 'topicAlias' ? 'topic-alias-zero' : 'property-value', row.name, { detail: '0' });
  return value;
}

function writeString(writer: FieldWriter, row: PropertyRow, value: unknown): void {
  if (typeof value !== 'string') return wrong(writer, row);
  if (row.name === 'responseTopic') {
    if (value === '') writer.fail('topic-empty', row.name);
    if (hasWildcard(value)) writer.fail('response-topic-wildcard', row.name);
  }
  writer.text(value, row.name);
}

function writePair(writer: FieldWriter, row: PropertyRow, value: unknown): void {
  const [name, text] = Array.isArray(value) ? (value as unknown[]) : [];
  if (typeof name !== 'string' || typeof text !== 'string') return wrong(writer, row);
  writer.text(name, 'user property name');
  writer.text(text, 'user property value');
}

function wrong(writer: FieldWriter, row: PropertyRow): never {
  return writer.fail('property-value', row.name, { detail: `not a ${row.kind}` });
}
