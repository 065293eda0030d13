import type { PacketCursor } from './packet-cursor.ts';
import { propertyById } from './properties.ts';
import type { PropertiesOf, PropertyCarrier, PropertyRow } from './properties.ts';
import { hasWildcard } from './topic.ts';

/** Reads a property block with its length, MQTT 5 section 2.2.2; undefined if it is empty. */
export function readProperties<C extends PropertyCarrier>(cursor: PacketCursor, carrier: C): PropertiesOf[C] | undefined {
  const length = cursor.varint('property length');
  if (length === 0) return undefined;
  const block = cursor.part(length, 'properties');
  const found: Record<string, unknown> = {};
  while (block.left > 0) readProperty(block, carrier, found);
  if (carrier === 'connect' && 'authenticationData' in found && !('authenticationMethod' in found)) {
    block.fail('authentication-data-alone', 'authenticationData');
  }
  return found; // the rows admit exactly the names and kinds of the carrier's type
}

function readProperty(block: PacketCursor, carrier: PropertyCarrier, found: Record<string, unknown>): void {
  const at = block.at;
  const id = block.varint('property identifier');
  const row = propertyById(id);
  if (row === undefined) return block.fail('property-unknown', `property 0x${id.toString(16)}`, { at });
  if (!row.carriers.includes(carrier)) block.fail('property-not-allowed', row.name, { at, detail: `in ${carrier}` });
  const before = found[row.name];
  const isRepeatable = row.kind === 'pair' || (row.kind === 'list' && carrier === 'publish');
  if (before !== undefined && !isRepeatable) block.fail('property-repeated', row.name, { at });
  const value = readValue(block, row, at);
  if (row.name === 'responseTopic') {
    if (value === '') block.fail('topic-empty', row.name, { at });
    if (hasWildcard(value as string)) block.fail('response-topic-wildcard', row.name, { at }); // the row's kind is string
  }
  if (row.kind !== 'pair' && row.kind !== 'list') found[row.name] = value;
  else if (before === undefined) found[row.name] = [value];
  else (before as unknown[]).push(value); // made two lines above, for the first one
}

function readValue(block: PacketCursor, row: PropertyRow, at: number): unknown {
  switch (row.kind) {
    case 'flag': return bit(block, row, at) === 1;
    case 'bit': return bit(block, row, at);
    case 'uint16': return nonZero(block, row, at, block.uint16(row.name));
    case 'uint32': return nonZero(block, row, at, block.uint32(row.name));
    case 'list': return nonZero(block, row, at, block.varint(row.name));
    case 'string': return block.text(row.name);
    case 'binary': return block.binary(row.name);
    case 'pair': return [block.text('user property name'), block.text('user property value')];
  }
}

function bit(block: PacketCursor, row: PropertyRow, at: number): number {
  const value = block.byte(row.name);
  if (value > 1) block.fail('property-value', row.name, { at, detail: `${String(value)}, neither 0 nor 1` });
  return value;
}

function nonZero(block: PacketCursor, row: PropertyRow, at: number, value: number): number {
  if (value === 0 && row.isNonZero) block.fail(row.name === 'topicAlias' ? 'topic-alias-zero' : 'property-value', row.name, { at, detail: '0' });
  return value;
}
