import { FakeClock } from '@lianyun/protocol/testing';
import { describe, expect, it } from 'vitest';
import { Calls } from './calls.ts';

describe('A call over topics of a product’s own', () => {
  it('ends after five seconds with a device that reads nothing more', async () => {
    const clock = new FakeClock();
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const calls = new Calls({ clock, peer: { request: () => Promise.reject(new Error('not asked')) }, downlink: { route: () => 'P/D', publish: () => Promise.withResolvers<void>().promise } });
      const ended = calls.callOver({ device: 'P/D', topic: 'P/D/down', replyTopic: 'P/D/up', token: 't', payload: Buffer.of() });
      clock.advance(5000);
      await expect(ended).rejects.toMatchObject({ code: 'timeout' });
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});
