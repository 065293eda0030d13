import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isLianyunError, LianyunError, type Frame, type Receipt } from '@lianyun/protocol';
import { FakeClock } from '@lianyun/protocol/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from './entry.ts';
import type { OutboxBounds } from './outbox-room.ts';
import { Outbox } from './outbox.ts';
import { outcomeOf, turns } from './testing/support.ts';

const BOUNDS: OutboxBounds = { maxCount: 1000, maxBytes: 1_000_000, policy: 'reject-new', expiresMs: 60_000 };
const OFFLINE = new LianyunError('offline', 'the line is cut');
const frame = (text: string, qos: 0 | 1 = 1): Frame => ({ topic: 't', payload: text, qos });

function setup(bounds: Partial<OutboxBounds> = {}): { clock: FakeClock; outbox: Outbox; problems: LianyunError[]; store: (text: string, qos?: 0 | 1) => Receipt; live: (text: string) => Receipt } {
  const clock = new FakeClock();
  const problems: LianyunError[] = [];
  const outbox = new Outbox({ ...BOUNDS, ...bounds }, clock, (problem) => problems.push(problem));
  return {
    clock,
    outbox,
    problems,
    store: (text, qos = 1) => outbox.add(frame(text, qos), { hold: 'store' }),
    live: (text) => outbox.add(frame(text), { hold: 'live' }),
  };
}

/** Takes and marks as sent what may be sent, with packet ids from `firstId` on; returns the payloads in order. */
function sendAll(outbox: Outbox, firstId = 1, window = Infinity): string[] {
  const texts: string[] = [];
  for (let id = firstId; ; id++) {
    const entry = outbox.take(outbox.inFlight < window);
    if (entry === undefined) return texts;
    outbox.markSent(entry, entry.frame.qos === 0 ? 0 : id, id * 100);
    texts.push(textOf(entry));
  }
}

const textOf = (entry: Entry): string => String(entry.frame.payload);

async function codeOf(promise: Promise<void>): Promise<string> {
  const outcome = await outcomeOf(promise);
  return isLianyunError(outcome) ? outcome.code : String(outcome);
}

describe('the bounds of an outbox', () => {
  it('refuse a new message beyond the count, with the figures in the text', async () => {
    const { store, outbox } = setup({ maxCount: 2 });
    store('a');
    store('b');
    const receipt = store('c');
    expect(await codeOf(receipt.stored)).toBe('outbox-full');
    await expect(receipt.delivered).rejects.toThrow('2 of 2 messages');
    expect([outbox.count, outbox.bytes]).toEqual([2, 2]);
  });

  it('refuse a new message beyond the bytes, counted as UTF-8', async () => {
    const { store } = setup({ maxBytes: 6 });
    expect(await codeOf(store('云云').stored)).toBe('done');
    await expect(store('x').stored).rejects.toThrow('6 of 6 bytes');
  });

  it('count what is in flight', async () => {
    const { store, outbox } = setup({ maxCount: 1 });
    store('a');
    sendAll(outbox);
    expect(await codeOf(store('b').stored)).toBe('outbox-full');
    outbox.acknowledge(1);
    expect(await codeOf(store('b').stored)).toBe('done');
  });

  it('say of a message that never fits that it is too large', async () => {
    const { store } = setup({ maxBytes: 3, policy: 'drop-oldest' });
    const first = store('abc');
    expect(await codeOf(store('abcd').stored)).toBe('too-large');
    expect(await codeOf(first.delivered)).toBe('open');
  });

  it('drop the oldest waiting message where the policy says so, never one in flight', async () => {
    const { store, outbox } = setup({ maxCount: 3, policy: 'drop-oldest' });
    const [a, b, c] = [store('a'), store('b'), store('c')];
    outbox.markSent(outbox.take(true)!, 1, 1);
    const d = store('d');
    expect(await Promise.all([a, b, c, d].map((receipt) => codeOf(receipt.delivered)))).toEqual(['open', 'dropped', 'open', 'open']);
    expect(await codeOf(b.stored)).toBe('done');
    expect(sendAll(outbox, 2)).toEqual(['c', 'd']);
  });

  it('drop as many as the new message needs, and none when all of them are not enough', async () => {
    const { store, outbox } = setup({ maxBytes: 10, policy: 'drop-oldest' });
    const inFlight = store('12345');
    sendAll(outbox);
    const waiting = [store('ab'), store('cd'), store('e')];
    expect(await codeOf(store('123456').stored)).toBe('outbox-full');
    expect(await Promise.all(waiting.map((receipt) => codeOf(receipt.delivered)))).toEqual(['open', 'open', 'open']);
    expect(await codeOf(store('123').stored)).toBe('done');
    expect(await Promise.all([inFlight, ...waiting].map((receipt) => codeOf(receipt.delivered)))).toEqual(['open', 'dropped', 'dropped', 'open']);
    expect([outbox.count, outbox.bytes]).toEqual([3, 9]);
  });

  it('leave room for answers when reports have filled it, and bound the answers apart', async () => {
    const { store, live, outbox } = setup({ maxCount: 2 });
    store('a');
    store('b');
    expect(await codeOf(live('1').stored)).toBe('done');
    expect(await codeOf(live('2').stored)).toBe('done');
    expect(await codeOf(live('3').stored)).toBe('outbox-full');
    expect(outbox.count).toBe(4);
  });
});

describe('the order of an outbox', () => {
  it('is that of adding, the live messages first', () => {
    const { store, live, outbox } = setup();
    store('a');
    store('b');
    live('answer');
    expect(sendAll(outbox)).toEqual(['answer', 'a', 'b']);
  });

  it('lets live messages past a full window', () => {
    const { store, live, outbox } = setup();
    store('a');
    store('b');
    expect(sendAll(outbox, 1, 1)).toEqual(['a']);
    live('answer');
    expect(sendAll(outbox, 10, 1)).toEqual(['answer']);
  });

  it('survives disconnects: what was in flight goes again before what waited', () => {
    const { store, outbox } = setup();
    for (const text of ['a', 'b', 'c', 'd']) store(text);
    expect(sendAll(outbox, 1, 2)).toEqual(['a', 'b']);
    outbox.acknowledge(1);
    store('e');
    outbox.disconnected(OFFLINE, false);
    expect(sendAll(outbox, 1, 3)).toEqual(['b', 'c', 'd']);
    outbox.disconnected(OFFLINE, false);
    expect(sendAll(outbox)).toEqual(['b', 'c', 'd', 'e']);
  });

  it('holds for QoS 0 and QoS 1 mixed, and for many thousands', () => {
    const { store, outbox } = setup({ maxCount: 10_000 });
    const texts = Array.from({ length: 5000 }, (_, i) => String(i));
    for (const [i, text] of texts.entries()) store(text, i % 3 === 0 ? 0 : 1);
    const first = sendAll(outbox, 1, 2500);
    expect(first).toEqual(texts.slice(0, 2500));
    outbox.disconnected(OFFLINE, false);
    expect(sendAll(outbox)).toEqual(texts);
  });
});

describe('what settles a message', () => {
  it('is its own PUBACK at QoS 1', async () => {
    const { store, outbox } = setup();
    const [a, b] = [store('a'), store('b')];
    sendAll(outbox, 7);
    expect(outbox.acknowledge(8)).toBe(true);
    expect(outbox.acknowledge(8)).toBe(false);
    expect(outbox.acknowledge(99)).toBe(false);
    expect([await codeOf(a.delivered), await codeOf(b.delivered)]).toEqual(['open', 'done']);
    expect([outbox.count, outbox.inFlight, outbox.onWire.packetIds]).toEqual([1, 1, 1]);
  });

  it('is the write of its last byte at QoS 0', async () => {
    const { store, outbox } = setup();
    const [a, b] = [store('a', 0), store('b', 0)];
    sendAll(outbox);
    outbox.written(99);
    expect(await codeOf(a.delivered)).toBe('open');
    outbox.written(100);
    expect([await codeOf(a.delivered), await codeOf(b.delivered)]).toEqual(['done', 'open']);
    outbox.written(1000);
    expect(await codeOf(b.delivered)).toBe('done');
  });

  it('is never the late PUBACK of an expired message: its packet id stays taken', async () => {
    const { store, outbox, clock } = setup();
    const old = store('old');
    sendAll(outbox, 5);
    clock.advance(60_000);
    expect(await codeOf(old.delivered)).toBe('expired');
    expect(outbox.onWire.hasPacketId(5)).toBe(true);
    expect([outbox.count, outbox.inFlight, outbox.onWire.packetIds]).toEqual([0, 0, 1]);
    const fresh = store('fresh');
    sendAll(outbox, 6);
    expect(outbox.acknowledge(5)).toBe(true);
    expect(await codeOf(fresh.delivered)).toBe('open');
    expect(outbox.onWire.hasPacketId(5)).toBe(false);
  });

  it("is the cloud's own answer for a message that has a key, not PUBACK", async () => {
    const { outbox } = setup();
    const receipt = outbox.add(frame('a'), { hold: 'store', settledBy: 'k' });
    sendAll(outbox, 3);
    expect(outbox.acknowledge(3)).toBe(true);
    expect(await codeOf(receipt.delivered)).toBe('open');
    expect(outbox.settleKey('other')).toBe(false);
    expect(outbox.settleKey('k')).toBe(true);
    expect(outbox.settleKey('k')).toBe(false);
    expect(await codeOf(receipt.delivered)).toBe('done');
    expect([outbox.count, outbox.inFlight]).toEqual([0, 0]);
  });

  it('is the answers in order for messages with equal keys', async () => {
    const { outbox } = setup();
    const [a, b] = [0, 1].map(() => outbox.add(frame('x', 0), { hold: 'store', settledBy: 'k' })) as [Receipt, Receipt];
    sendAll(outbox);
    outbox.settleKey('k', new LianyunError('refused', 'no', { number: 406 }));
    expect([await codeOf(a.delivered), await codeOf(b.delivered)]).toEqual(['refused', 'open']);
    outbox.settleKey('k');
    expect(await codeOf(b.delivered)).toBe('done');
  });

  it('is a timeout when the cloud answered none of three writes', async () => {
    const { outbox, clock } = setup();
    const receipt = outbox.add(frame('x'), { hold: 'store', settledBy: 'k' });
    sendAll(outbox, 1);
    expect(outbox.overdue(5000, 3)).toEqual([]);
    for (const packetId of [2, 3]) {
      clock.advance(5000);
      const late = outbox.overdue(5000, 3);
      expect(late.map(textOf)).toEqual(['x']);
      outbox.onWire.repeat(late[0]!, packetId);
    }
    clock.advance(5000);
    expect(outbox.overdue(5000, 3)).toEqual([]);
    await expect(receipt.delivered).rejects.toThrow('5000 ms, 3 times');
    // The PUBACKs of all three writes are awaited; none of them means another message.
    expect([1, 2, 3].map((id) => outbox.acknowledge(id))).toEqual([true, true, true]);
  });

  it('counts the writes of one connection only: a bad line is not the silence of the cloud', () => {
    const { outbox, clock } = setup();
    outbox.add(frame('x', 0), { hold: 'store', settledBy: 'k' });
    for (let i = 0; i < 5; i++) {
      sendAll(outbox);
      outbox.disconnected(OFFLINE, false);
    }
    sendAll(outbox);
    clock.advance(5000);
    expect(outbox.overdue(5000, 3)).toHaveLength(1);
  });

  it('is its expiry, its own or the default, sent or not', async () => {
    const { outbox, clock, store } = setup();
    const long = store('long');
    const short = outbox.add(frame('short'), { hold: 'store', expiresMs: 1000 });
    const never = outbox.add(frame('never'), { hold: 'store', expiresMs: Infinity });
    sendAll(outbox, 1, 1);
    clock.advance(999);
    expect(await codeOf(short.delivered)).toBe('open');
    clock.advance(1);
    await expect(short.delivered).rejects.toThrow('Not delivered within 1000 ms.');
    clock.advance(59_000);
    expect(await codeOf(long.delivered)).toBe('expired');
    clock.advance(1e12);
    expect(await codeOf(never.delivered)).toBe('open');
    expect([outbox.count, outbox.inFlight, clock.timers]).toEqual([1, 0, 0]);
    expect(sendAll(outbox, 2)).toEqual(['never']);
  });

  it('does not expire because the time is set: a device without a battery starts in 1970', async () => {
    const { outbox, clock } = setup({ expiresMs: 1000 });
    const { delivered } = outbox.add(frame('kept'), { hold: 'store' });
    clock.set(Date.UTC(2040, 0, 1));
    clock.advance(999);
    expect(outbox.count).toBe(1);
    clock.advance(1);
    expect(await codeOf(delivered)).toBe('expired');
  });

  it('looks at expiry in steps, so that a thousand messages that expire one by one do not cost a thousand looks', async () => {
    const { clock, store, outbox } = setup();
    for (let i = 0; i < 1000; i++) {
      store(String(i));
      clock.advance(1);
    }
    let looks = 0;
    const { after } = clock;
    clock.after = (ms, fn) =>
      after.call(clock, ms, () => {
        looks++;
        fn();
      });
    clock.advance(70_000);
    expect(outbox.count).toBe(0);
    expect(looks).toBeLessThan(20);
  });

  it('is the end of the connection for a live message', async () => {
    const { live, store, outbox } = setup();
    const [answer, report] = [live('answer'), store('report')];
    sendAll(outbox);
    outbox.disconnected(OFFLINE, false);
    expect([await codeOf(answer.delivered), await codeOf(report.delivered)]).toEqual(['offline', 'open']);
  });

  it('is abandon for everything: waiting, sent, keyed, live, at either QoS', async () => {
    const { outbox, store, live, clock } = setup();
    const receipts = [store('a'), store('b', 0), outbox.add(frame('k', 0), { hold: 'store', settledBy: 'k' })];
    sendAll(outbox);
    receipts.push(store('c'), live('d'));
    expect(outbox.abandon((entry) => new LianyunError('closed', `closed before ${textOf(entry)}`))).toBe(5);
    for (const receipt of receipts) await expect(receipt.delivered).rejects.toThrow('closed before');
    expect([outbox.count, outbox.bytes, outbox.inFlight, clock.timers]).toEqual([0, 0, 0, 0]);
    expect(outbox.take(true)).toBeUndefined();
  });

  it('is a refusal when it cannot be written at all', async () => {
    const { outbox, store } = setup();
    const receipt = store('a');
    outbox.reject(outbox.take(true)!, new LianyunError('bad-input', 'not MQTT'));
    expect(await codeOf(receipt.delivered)).toBe('bad-input');
    expect(outbox.count).toBe(0);
  });
});

describe('drained()', () => {
  it('resolves at once when nothing is there, else when the last message is settled, for everybody who waits', async () => {
    const { outbox, store } = setup();
    await outbox.drained(1000);
    store('a');
    store('b');
    const waits = [outbox.drained(1000), outbox.drained(2000)];
    sendAll(outbox);
    outbox.acknowledge(1);
    expect(await outcomeOf(waits[0]!)).toBe('open');
    outbox.acknowledge(2);
    await Promise.all(waits);
  });

  it('waits no longer than it is told, whatever is left', async () => {
    const { clock, outbox, store } = setup({ expiresMs: 60_000 });
    store('a');
    const wait = outbox.drained(1000);
    clock.advance(999);
    expect(await outcomeOf(wait)).toBe('open');
    clock.advance(1);
    await wait;
    expect(outbox.count).toBe(1);
  });
});

describe('memory', () => {
  const histories: Record<string, (outbox: Outbox, clock: FakeClock, i: number) => void> = {
    'expired while there was no connection': (_, clock, i) => i % 100 === 99 && clock.advance(2000),
    'were dropped for newer ones': () => undefined,
    // One always waits behind, so that the outbox is never empty.
    'were delivered': (outbox, _, i) => {
      if (i === 0) return;
      outbox.markSent(outbox.take(true)!, 1, 0);
      outbox.acknowledge(1);
    },
  };
  for (const [what, step] of Object.entries(histories)) {
    it(`is not kept for messages that ${what}`, async () => {
      const payloads: WeakRef<object>[] = [];
      const { outbox, clock } = setup({ maxCount: 50, policy: 'drop-oldest', expiresMs: 1000 });
      for (let i = 0; i < 900; i++) {
        const payload = new Uint8Array(10);
        payloads.push(new WeakRef(payload));
        outbox.add({ topic: 't', payload, qos: 1 }, { hold: 'store' });
        step(outbox, clock, i);
      }
      await turns(2);
      setFlagsFromString('--expose_gc');
      const gc: unknown = runInNewContext('gc');
      if (typeof gc === 'function') gc();
      expect(payloads.filter((payload) => payload.deref() !== undefined).length).toBeLessThan(outbox.count + 5);
    });
  }
});

describe('a message that the server answers by closing', () => {
  /** A server that closes when the poison arrives and acknowledges what came before it on that connection, unless `acksLost`. */
  function run(outbox: Outbox, isPoison: (text: string) => boolean, { lives = 60, acksLost = true, window = 10 } = {}): string[] {
    const delivered: string[] = [];
    for (let life = 0; life < lives; life++) {
      let id = 0;
      const sent: [number, string][] = [];
      let isOpen = true;
      while (isOpen) {
        const batch: [number, string][] = [];
        for (let entry = outbox.take(outbox.inFlight < window); entry !== undefined; entry = outbox.take(outbox.inFlight < window)) {
          outbox.markSent(entry, ++id, id);
          batch.push([id, textOf(entry)]);
        }
        if (batch.length === 0) return delivered;
        const at = batch.findIndex(([, text]) => isPoison(text));
        sent.push(...batch);
        for (const [packetId, text] of at < 0 ? batch : acksLost ? [] : batch.slice(0, at)) {
          delivered.push(text);
          outbox.acknowledge(packetId);
        }
        isOpen = at < 0;
      }
      outbox.disconnected(OFFLINE, true);
    }
    return delivered;
  }

  it('is found among the others, given up with the reason, and blocks nobody', async () => {
    for (const acksLost of [false, true]) {
      const { outbox, store, problems } = setup();
      const texts = ['a', 'b', 'poison', 'c', 'd'];
      const receipts = texts.map((text) => store(text));
      expect(run(outbox, (text) => text === 'poison', { acksLost })).toEqual(['a', 'b', 'c', 'd']);
      expect(await Promise.all(receipts.map((receipt) => codeOf(receipt.delivered)))).toEqual(['done', 'done', 'refused', 'done', 'done']);
      expect(problems.map(({ code, place }) => [code, place.topic])).toEqual([['refused', 't']]);
      expect(outbox.count).toBe(0);
    }
  });

  it('is found again and again: two of them cost a few connections each', () => {
    const { outbox, store, problems } = setup();
    for (const text of ['bad 1', 'a', 'bad 2', 'b']) store(text);
    expect(run(outbox, (text) => text.startsWith('bad'))).toEqual(['a', 'b']);
    expect(problems).toHaveLength(2);
  });

  it('is not the reason when the server closes on everything: nothing is lost, in order', () => {
    const { outbox, store, problems } = setup();
    for (const text of ['a', 'b', 'c']) store(text);
    expect(run(outbox, () => true, { lives: 100 })).toEqual([]);
    expect([outbox.count, problems]).toEqual([3, []]);
    const rest: string[] = [];
    for (let entry = outbox.take(true), id = 1; entry !== undefined; entry = outbox.take(true)) {
      rest.push(textOf(entry));
      outbox.markSent(entry, id, 0);
      outbox.acknowledge(id++);
    }
    expect(rest.toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('is tried until it expires when no other message is there to compare', async () => {
    const { outbox, store, clock } = setup();
    const receipt = store('poison');
    run(outbox, () => true, { lives: 50 });
    expect(await codeOf(receipt.delivered)).toBe('open');
    clock.advance(60_000);
    expect(await codeOf(receipt.delivered)).toBe('expired');
  });

  it('is never suspected for connections that the network ended', () => {
    const { outbox, store } = setup();
    store('a');
    store('b');
    for (let i = 0; i < 50; i++) {
      expect(sendAll(outbox)).toEqual(['a', 'b']);
      outbox.disconnected(OFFLINE, false);
    }
    expect(outbox.isSuspicious).toBe(false);
  });

  it('is tried again when the others are gone without a word from the cloud', () => {
    const { outbox, store, clock } = setup();
    store('poison');
    outbox.add(frame('b'), { hold: 'store', expiresMs: 1000 });
    for (let i = 0; i < 5; i++) {
      sendAll(outbox);
      outbox.disconnected(OFFLINE, true);
    }
    clock.advance(1000);
    expect(sendAll(outbox)).toEqual(['poison']);
  });

  it('is no longer suspected when the server closes with nothing on its way', () => {
    const { outbox, store, clock } = setup();
    store('a');
    for (let i = 0; i < 2; i++) {
      sendAll(outbox);
      outbox.disconnected(OFFLINE, true);
    }
    expect(outbox.isSuspicious).toBe(true);
    clock.advance(60_000);
    outbox.disconnected(OFFLINE, true);
    expect(outbox.isSuspicious).toBe(false);
  });

  it('is not suspected while a live message was on its way too: that may be the one', () => {
    const { outbox, store, live } = setup();
    store('a');
    store('b');
    for (let i = 0; i < 50; i++) {
      live('answer');
      expect(sendAll(outbox)).toEqual(['answer', 'a', 'b']);
      outbox.disconnected(OFFLINE, true);
    }
    expect(outbox.isSuspicious).toBe(false);
  });

  it('can expire or be abandoned while it is held back', async () => {
    for (const way of ['expire', 'abandon'] as const) {
      const { outbox, store, clock } = setup();
      const poison = store('poison');
      store('b');
      for (let i = 0; i < 5; i++) {
        sendAll(outbox);
        outbox.disconnected(OFFLINE, true);
      }
      expect(sendAll(outbox)).toEqual(['b']);
      if (way === 'expire') clock.advance(60_000);
      else outbox.abandon(() => OFFLINE);
      expect(await codeOf(poison.delivered)).toBe(way === 'expire' ? 'expired' : 'offline');
      outbox.disconnected(OFFLINE, true);
      expect([outbox.count, outbox.take(true)]).toEqual([0, undefined]);
    }
  });
});

type Step =
  | { readonly do: 'add'; readonly size: number; readonly qos: 0 | 1; readonly kind: 'store' | 'live' | 'keyed'; readonly expiresMs: number | undefined }
  | { readonly do: 'send'; readonly count: number; readonly window: number }
  | { readonly do: 'puback' | 'answer'; readonly pick: number; readonly isRefusal: boolean }
  | { readonly do: 'written'; readonly share: number }
  | { readonly do: 'repeat' }
  | { readonly do: 'cut'; readonly byServer: boolean }
  | { readonly do: 'time'; readonly ms: number }
  | { readonly do: 'abandon' };

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('add' as const), size: fc.nat(40), qos: fc.constantFrom(0 as const, 1 as const), kind: fc.constantFrom('store' as const, 'live' as const, 'keyed' as const), expiresMs: fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), count: fc.integer({ min: 1, max: 6 }), window: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('puback' as const, 'answer' as const), pick: fc.nat(20), isRefusal: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('written' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), byServer: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 2000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abandon' as const) }) },
);

describe('any history of an outbox', () => {
  it('leaves no receipt open, settles each once, keeps its counters, its bounds and the order of sending', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 80 }), fc.constantFrom('reject-new' as const, 'drop-oldest' as const), async (history, policy) => {
        const clock = new FakeClock();
        const outbox = new Outbox({ maxCount: 8, maxBytes: 120, policy, expiresMs: 5000 }, clock);
        const receipts: Receipt[] = [];
        const open = new Set<number>();
        const outcomes: string[] = [];
        const packetIds: number[] = [];
        let ids = 0;
        let end = 0;
        let lastSeq = 0;
        for (const step of history) {
          switch (step.do) {
            case 'add': {
              const at = receipts.length;
              const options = { hold: step.kind === 'live' ? ('live' as const) : ('store' as const), ...(step.kind === 'keyed' ? { settledBy: `k${at % 3}` } : {}), ...(step.expiresMs === undefined ? {} : { expiresMs: step.expiresMs }) };
              const receipt = outbox.add({ topic: 't', payload: 'x'.repeat(step.size), qos: step.qos }, options);
              receipts.push(receipt);
              open.add(at);
              receipt.delivered.then(
                () => outcomes.push(`${at} done`) && open.delete(at),
                (error: LianyunError) => outcomes.push(`${at} ${error.code}`) && open.delete(at),
              );
              break;
            }
            case 'send':
              for (let i = 0; i < step.count; i++) {
                const entry = outbox.take(outbox.inFlight < step.window);
                if (entry === undefined) break;
                expect(entry.state).toBe('waiting');
                if (entry.options.hold === 'store' && !outbox.isSuspicious) {
                  expect(entry.seq).toBeGreaterThan(lastSeq);
                  lastSeq = entry.seq;
                }
                const packetId = entry.frame.qos === 0 ? 0 : (ids = (ids % 60_000) + 1);
                if (packetId !== 0) packetIds.push(packetId);
                outbox.markSent(entry, packetId, (end += 10));
              }
              break;
            case 'puback':
              outbox.acknowledge(packetIds[step.pick % Math.max(1, packetIds.length)] ?? 1);
              break;
            case 'answer':
              outbox.settleKey(`k${step.pick % 3}`, step.isRefusal ? new LianyunError('refused', 'no') : undefined);
              break;
            case 'written':
              outbox.written(Math.floor(end * step.share));
              break;
            case 'repeat':
              for (const entry of outbox.overdue(1000, 3)) {
                const packetId = entry.frame.qos === 0 ? 0 : ++ids;
                if (packetId !== 0) packetIds.push(packetId);
                outbox.onWire.repeat(entry, packetId);
              }
              break;
            case 'cut':
              outbox.disconnected(OFFLINE, step.byServer);
              packetIds.length = 0;
              lastSeq = 0;
              break;
            case 'time':
              clock.advance(step.ms);
              break;
            case 'abandon':
              outbox.abandon(() => new LianyunError('closed', 'closed'));
              break;
            default:
              step satisfies never;
          }
          await Promise.resolve();
          await Promise.resolve();
          expect(outbox.count).toBe(open.size);
          expect(outbox.inFlight).toBeGreaterThanOrEqual(0);
          expect(outbox.inFlight).toBeLessThanOrEqual(outbox.count);
          expect(outbox.count).toBeLessThanOrEqual(16);
          expect(outbox.bytes).toBeGreaterThanOrEqual(0);
          expect(outbox.bytes).toBeLessThanOrEqual(240);
          if (outbox.count === 0) expect(outbox.bytes).toBe(0);
        }
        const left = outbox.count;
        expect(outbox.abandon(() => new LianyunError('closed', 'closed'))).toBe(left);
        await outbox.drained(1000);
        await Promise.allSettled(receipts.flatMap(({ stored, delivered }) => [stored, delivered]));
        expect(open.size).toBe(0);
        expect(outcomes).toHaveLength(receipts.length);
        expect([outbox.count, outbox.bytes, outbox.inFlight, clock.timers]).toEqual([0, 0, 0, 0]);
      }),
      { numRuns: 500 },
    );
  });
});
