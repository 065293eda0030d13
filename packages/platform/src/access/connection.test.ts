import { FakeClock } from '@lianyun/protocol/testing';
import { generate, type Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { connectPacket, publishPacket, subscribePacket, TestPolicy } from './access.fixtures.ts';
import type { ConnectionHost } from './connection-host.ts';
import { Connection } from './connection.ts';
import { Deadlines } from './deadlines.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { RoutingIndex } from './routing-index.ts';
import type { Transport } from './transport.ts';
import { TakenTogether } from './taken-together.ts';
import { WriteTurn } from './write-turn.ts';

/** A connection over no socket at all: one buffer that is used for every read, and a list of what was written. */
function make(): { connection: Connection; host: ConnectionHost<Connection>; clock: FakeClock; written: Buffer[]; receive: (...packets: Packet[]) => Promise<void> } {
  const clock = new FakeClock();
  const written: Buffer[] = [];
  const transport: Transport = {
    write: (chunk, done) => {
      written.push(Buffer.from(chunk));
      done?.();
    },
    writableLength: 0,
    end: () => undefined,
    destroy: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
  };
  const host: ConnectionHost<Connection> = {
    policy: new TestPolicy(),
    limits: DEFAULT_LIMITS,
    deadlines: new Deadlines(clock),
    writes: new WriteTurn(),
    takenTogether: new TakenTogether(),
    routes: { huawei: new RoutingIndex(), tencent: new RoutingIndex() },
    now: () => clock.now(),
    onSignIn: () => undefined,
    onSignOut: () => undefined,
    onClosed: () => undefined,
  };
  const connection = new Connection(transport, { peer: 'nowhere:0', proof: { isSecure: false } }, host);
  const buffer = Buffer.alloc(4_096);
  const receive = async (...packets: Packet[]): Promise<void> => {
    const bytes = Buffer.concat(packets.map((packet) => generate(packet))).copy(buffer);
    connection.receive(buffer.subarray(0, bytes));
    buffer.fill(0);
    await turns();
  };
  return { connection, host, clock, written, receive };
}

/** Lets what was begun in this turn of the event loop, and what that led to, be written. */
async function turns(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a connection', () => {
  it('keeps nothing of the bytes it is given: what is sent again later is what came', async () => {
    const { clock, written, receive } = make();
    await receive(connectPacket('d1', { username: 'tencent', keepalive: 0 }), subscribePacket({ a: 1 }));
    const before = written.length;
    await receive(publishPacket('a', 'precious', 1));
    clock.advance(2_500);
    await turns();
    expect(written.slice(before).map((chunk) => chunk.toString('latin1').includes('precious'))).toEqual([true, true]);
  });

  it('that ends leaves nothing in the routing index', async () => {
    const { connection, host, receive } = make();
    await receive(connectPacket('d1', { username: 'tencent' }), subscribePacket({ 'a/b': 0, 'a/#': 0 }));
    expect([...host.routes.tencent.match('a/b')]).toEqual([connection]);
    connection.lost();
    expect([...host.routes.tencent.match('a/b')]).toEqual([]);
  });

  it('writes everything of one turn at once: an acknowledgement and what the uplink led to', async () => {
    const { connection, host, written, receive } = make();
    await receive(connectPacket('d1'));
    const policy = host.policy as TestPolicy;
    policy.take = async () => {
      await Promise.resolve();
      void connection.deliver({ topic: '$down', payload: 'answer', qos: 0 });
    };
    await receive(publishPacket('$up', 'x', 1));
    expect(written).toHaveLength(2);
  });
});
