import { readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { TurnWriter } from '@lianyun/protocol/mqtt';
import { describe, expect, it, vi } from 'vitest';
import { CLOUDS } from './support/clouds.ts';
import { ROOT } from './support/program.ts';
import { Rig } from './support/rig.ts';

/** A function of ours on the way of a report. */
interface Hop {
  readonly name: string;
  /** Package and module, `protocol/peer`. */
  readonly module: string;
}

/** Reads a stack trace; what is not in packages/ is not ours. */
function hopsOf(stack: string): readonly Hop[] {
  return stack.split('\n').flatMap((line) => {
    const [, call = '', module = ''] = /^\s+at (?:async )?(?:(\S+(?: \[as \S+\])?) \()?(?:file:\/\/)?\S*?\/packages\/(\w+\/src\/[^:)]+)\.ts/.exec(line) ?? [];
    return module === '' ? [] : [{ name: call.replace(/ \[as \S+\]$/, ''), module: module.replace('/src/', '/') }];
  });
}

/** The stack from the socket's own `write` up to the end of the turn that wrote a report. */
async function stackOfWrite(cloud: (typeof CLOUDS)[number]): Promise<readonly string[]> {
  await using rig = await Rig.open();
  const device = await rig.online(cloud, 1);
  const stacks: string[] = [];
  const { publish } = TurnWriter.prototype;
  const { write } = net.Socket.prototype;
  let isReported = false;
  const written = vi.spyOn(TurnWriter.prototype, 'publish').mockImplementation(function (this: TurnWriter, ...args) {
    isReported = true;
    return publish.apply(this, args);
  });
  const spy = vi.spyOn(net.Socket.prototype, 'write').mockImplementation(function (this: net.Socket, ...args: unknown[]) {
    if (isReported) stacks.push(new Error('here').stack ?? '');
    return Reflect.apply(write, this, args) as boolean;
  });
  try {
    await device.properties.report(cloud.group({ level: 7 })).delivered;
  } finally {
    spy.mockRestore();
    written.mockRestore();
  }
  const [first = ''] = stacks;
  return ['Socket.write', ...hopsOf(first).map(({ name }) => name)];
}

/** The stack from `TurnWriter.publish` up to the user's call. */
async function stackOfReport(cloud: (typeof CLOUDS)[number]): Promise<readonly Hop[]> {
  await using rig = await Rig.open();
  const device = await rig.online(cloud, 1);
  const stacks: string[] = [];
  const limit = Error.stackTraceLimit;
  const { publish } = TurnWriter.prototype;
  const spy = vi.spyOn(TurnWriter.prototype, 'publish').mockImplementation(function (this: TurnWriter, ...args) {
    // Where `publish` stands in the trace, this stands now.
    stacks.push(new Error('here').stack ?? '');
    return publish.apply(this, args);
  });
  try {
    Error.stackTraceLimit = 50;
    const { delivered } = device.properties.report(cloud.group({ level: 7 }));
    Error.stackTraceLimit = limit;
    await delivered;
  } finally {
    Error.stackTraceLimit = limit;
    spy.mockRestore();
  }
  expect(await rig.reported(cloud, 1)).toEqual({ level: 7 });
  const [first] = stacks;
  if (first === undefined) throw new Error('TurnWriter.publish was not called during report(): the report no longer leaves in the turn it was made in');
  return [{ name: 'TurnWriter.publish', module: 'protocol/mqtt/turn-writer' }, ...hopsOf(first)];
}

/** The fenced block behind a mark. */
async function documented(mark: string): Promise<readonly string[]> {
  const text = await readFile(path.join(ROOT, 'docs/architecture.md'), 'utf8');
  const [, block] = new RegExp(`<!-- ${mark} -->\\s*\`\`\`\\n([^]*?)\\n\`\`\``).exec(text) ?? [];
  if (block === undefined) throw new Error(`docs/architecture.md has no fenced block behind <!-- ${mark} -->`);
  return block.split('\n');
}

/** The four hops, from the user to the socket, and the modules that each may cross. */
const BUDGET: readonly (readonly string[])[] = [
  ['device/services/properties'],
  ['protocol/peer', 'device/device'],
  ['device/session', 'device/outbox'],
  ['device/connection', 'protocol/mqtt/turn-writer'],
];

describe.each(CLOUDS)('A property report on $name', (cloud) => {
  it('reaches the socket by the way that docs/architecture.md shows', async () => {
    const hops = await stackOfReport(cloud);
    expect(hops.map(({ name }) => name)).toEqual(await documented('hop budget'));
  });

  it('leaves when the turn ends, by the way that docs/architecture.md shows', async () => {
    expect(await stackOfWrite(cloud)).toEqual(await documented('end of the turn'));
  });

  it('crosses services, peer, session with outbox, and connection, each once and in this order', async () => {
    const hops = (await stackOfReport(cloud)).toReversed();
    const crossed = hops.map(({ module }) => BUDGET.findIndex((modules) => modules.includes(module)));
    expect(crossed, JSON.stringify(hops)).not.toContain(-1);
    expect(crossed).toEqual([...crossed].sort((a, b) => a - b));
    expect(new Set(crossed)).toEqual(new Set([0, 1, 2, 3]));
  });
});
