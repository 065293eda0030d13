import { describe, expect, it } from 'vitest';
import { MemoryEventLog } from './event-log.ts';
import { MemoryMailbox } from './mailbox.ts';
import { Recent } from './recent.ts';

describe('what is kept', () => {
  it('is bounded by count and by bytes, and the latest stays however large it is', () => {
    const recent = new Recent<string>({ count: 3, bytes: 10 });
    for (const item of ['a', 'b', 'c', 'd']) recent.push(item, 1);
    expect(recent.items()).toEqual(['b', 'c', 'd']);
    recent.push('e', 8);
    expect(recent.items()).toEqual(['c', 'd', 'e']);
    recent.push('f', 100);
    expect(recent.items()).toEqual(['f']);
  });

  it('of events is a thousand a device, paged by key while others arrive', () => {
    const log = new MemoryEventLog();
    for (let i = 0; i < 1005; i++) log.add('huawei', 'd', [{ name: 'e', params: { i } }], i);
    const query = { from: 0, to: 5000, limit: 2 };
    const first = log.list('huawei', 'd', query);
    expect(first).toMatchObject({ total: 1000, isLast: false, items: [{ at: 1004 }, { at: 1003 }] });
    log.add('huawei', 'd', [{ name: 'e', params: {} }], 4000);
    expect(log.list('huawei', 'd', { ...query, behind: first.items[1] ?? { at: 0, serial: 0 } }).items).toMatchObject([{ at: 1002 }, { at: 1001 }]);
    log.delete('huawei', 'd');
    expect(log.list('huawei', 'd', query)).toEqual({ total: 0, isLast: true, items: [] });
  });

  it('of messages is a hundred a device, and those that wait for it do not give way', () => {
    const mailbox = new MemoryMailbox();
    const letter = { content: '', format: 'raw', encoding: 'none', createdAt: 0, expiresAt: 9 } as const;
    mailbox.put('huawei', 'd', { ...letter, id: 'waits', status: 'pending' });
    for (let i = 0; i < 150; i++) {
      mailbox.put('huawei', 'd', { ...letter, id: `m-${i}`, status: 'delivered' });
      mailbox.receive('huawei', 'd', { bytes: new Uint8Array(1) }, i);
    }
    expect(mailbox.letters('huawei', 'd')).toHaveLength(100);
    expect(mailbox.find('huawei', 'd', 'waits')).toMatchObject({ status: 'pending' });
    expect(mailbox.received('huawei', 'd')).toHaveLength(100);
    expect(mailbox.mayWait('huawei', 'd')).toBe(true);
    mailbox.delete('huawei', 'd');
    expect([mailbox.letters('huawei', 'd'), mailbox.received('huawei', 'd'), mailbox.mayWait('huawei', 'd')]).toEqual([[], [], false]);
  });
});
