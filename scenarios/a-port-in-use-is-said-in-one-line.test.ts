import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Platform } from '@lianyun/platform';
import { describe, expect, it } from 'vitest';
import { openHandles, settledHandles } from './support/handles.ts';
import { launched, lianyun } from './support/program.ts';

/** A port that another program holds: this one. */
async function heldPort(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as net.AddressInfo).port, [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())) };
}

const KINDS = [
  { kind: 'MQTT', ports: (port: number) => ({ mqtt: port, http: 0 }) },
  { kind: 'HTTP', ports: (port: number) => ({ mqtt: 0, http: port }) },
];
/** The same over TLS. */
const SECURE = [
  { kind: 'MQTT', ports: (port: number) => ({ mqtt: 0, http: 0, mqtts: port }) },
  { kind: 'HTTP', ports: (port: number) => ({ mqtt: 0, http: 0, https: port }) },
];

/** Starts `lianyun up` where it cannot listen, and looks at what it says. */
async function refused(run: typeof lianyun, { kind, ports }: (typeof KINDS | typeof SECURE)[number]): Promise<void> {
  await using held = await heldPort();
  const folder = await mkdtemp(path.join(tmpdir(), 'lianyun-port-'));
  try {
    const options = Object.entries(ports(held.port)).flatMap(([name, port]) => [`--${name}`, String(port)]);
    await using program = run(['up', ...options, '--data', folder]);
    expect(await program.end()).toEqual({ code: 1, signal: null });
    expect(program.stdout.all).toEqual([]);
    const lines = program.stderr.all.filter((line) => line.includes('cannot listen'));
    expect(lines).toEqual([expect.stringMatching(new RegExp(`^lianyun: ${kind} cannot listen on 127\\.0\\.0\\.1:${held.port}: another program holds .*0 takes any free one`))]);
    expect(program.stderr.all.filter((line) => /^\s+at |Error:/.test(line))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe.each(KINDS)('A port for $kind that another program holds', ({ kind, ports }) => {
  it('is an error of the platform that names it, and nothing listens then', async () => {
    const before = openHandles();
    await using held = await heldPort();
    const platform = new Platform({ keys: { huawei: [], tencent: [] } });
    await expect(platform.listen({ host: '127.0.0.1', ...ports(held.port) })).rejects.toMatchObject({
      code: 'port-in-use',
      message: expect.stringMatching(new RegExp(`^${kind} cannot listen on 127\\.0\\.0\\.1:${held.port}: another program holds`)),
    });
    await platform.close();
    expect(await settledHandles(new Map([...before, ['TCPServerWrap', (before.get('TCPServerWrap') ?? 0) + 1]]))).toBeUndefined();
  });

  it.each([
    ['from the source', lianyun],
    ['as the launcher runs it', launched],
  ])('is one clear line of `lianyun up` %s, which exits with 1', (_how, run) => refused(run, { kind, ports }));
});

describe.each(SECURE)('A port for $kind over TLS that another program holds', (each) => {
  it('is one clear line of `lianyun up`, which exits with 1', () => refused(lianyun, each));
});
