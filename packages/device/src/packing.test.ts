import { gunzipSync } from 'node:zlib';
import { failedReceipt, huawei, LianyunError, tencent, type Frame } from '@lianyun/protocol';
import { describe, expect, it } from 'vitest';
import { packing } from './packing.ts';

describe('a link that packs', () => {
  const sent: Frame[] = [];
  const bare = {
    send: (_via: string, frame: Frame) => {
      sent.push(frame);
      return failedReceipt(new LianyunError('closed', 'a test'));
    },
    settle: (_via: string, key: string) => key === 'known',
  };
  const send = (topic: string, payload: string, fromBytes = 10): Frame | undefined => {
    sent.length = 0;
    packing(bare, huawei, fromBytes).send('d1', { topic, payload, qos: 1 }, { hold: 'store' }).delivered.catch(() => undefined);
    return sent[0];
  };

  it.each(['$oc/devices/d1/sys/properties/report', '$oc/devices/d1/sys/gateway/sub_devices/properties/report', '$oc/devices/d1/sys/messages/up'])('packs what is large on %s', (topic) => {
    const frame = send(topic, 'ten bytes!');
    expect(frame).toMatchObject({ topic: `${topic}?encoding=gzip`, qos: 1 });
    expect(gunzipSync(frame?.payload as Buffer).toString()).toBe('ten bytes!');
    expect(send(topic, 'nine byte')).toEqual({ topic, payload: 'nine byte', qos: 1 });
  });

  it.each(['$oc/devices/d1/sys/events/up', '$oc/devices/d1/sys/commands/response/request_id=1', '$oc/devices/d1/user/a', '$oc/devices/d1/sys/messages/up?request_id=1'])('leaves %s as it is', (topic) => {
    expect(send(topic, 'a text of more than ten bytes')).toMatchObject({ topic, payload: 'a text of more than ten bytes' });
  });

  it('hands settlements on, and is the bare link without a bound', () => {
    expect([packing(bare, huawei, 0).settle('d1', 'known'), packing(bare, huawei, 0).settle('d1', 'other')]).toEqual([true, false]);
    expect(packing(bare, huawei, undefined)).toBe(bare);
  });

  it.each([
    [huawei, -1],
    [huawei, 1.5],
    [tencent, 100],
  ])('refuses a bound that is none, and a cloud that takes nothing packed', (dialect, fromBytes) => {
    expect(() => packing(bare, dialect, fromBytes)).toThrow(expect.objectContaining({ code: 'bad-config' }));
  });
});
