import type { MessageCodec } from 'lianyun';
import { describe, expect, it } from 'vitest';
import { CLOUDS } from './support/clouds.ts';
import { Log } from './support/log.ts';
import { Rig } from './support/rig.ts';

interface Reading {
  readonly celsius: number;
}

/** Two bytes: tenths of a degree, signed. */
const CODEC: MessageCodec<Reading> = {
  encode: ({ celsius }) => {
    const bytes = Buffer.alloc(2);
    bytes.writeInt16BE(celsius * 10);
    return bytes;
  },
  decode: (bytes) => ({ celsius: Buffer.from(bytes).readInt16BE() / 10 }),
};

const post = (rig: Rig, name: string, bytes: Uint8Array) =>
  name === 'huawei'
    ? rig.huawei('POST', '/devices/lamp_1/messages', { message: Buffer.from(bytes).toString('base64'), encoding: 'base64', payload_format: 'raw' })
    : rig.tencent('PublishMessage', { ProductId: 'LAMP000001', DeviceName: 'lamp1', Topic: '$thing/down/raw/LAMP000001/lamp1', Payload: Buffer.from(bytes).toString('base64'), PayloadEncoding: 'base64' });

describe.each(CLOUDS)('A device on $name with a codec of its own', (cloud) => {
  it('sends and takes values, and the cloud sees bytes', async () => {
    await using rig = await Rig.open();
    const device = rig.device(cloud, 1);
    const messages = device.messages.withCodec(CODEC);
    const heard = new Log<unknown>();
    messages.onMessage(heard.add);
    await device.connect();
    await messages.send({ celsius: -12.5 }).delivered;
    await post(rig, cloud.name, Uint8Array.from([0, 215]));
    expect(await heard.first()).toEqual({ device: cloud.ref(1), value: { celsius: 21.5 } });
    expect(rig.platform.mailbox.received(cloud.name, cloud.ref(1)).map(({ message }) => ('bytes' in message ? [...message.bytes] : message))).toEqual([[255, 131]]);
  });

  it('tells what the codec cannot do, and goes on', async () => {
    await using rig = await Rig.open();
    const device = rig.device(cloud, 1);
    const messages = device.messages.withCodec(CODEC);
    const heard = new Log<unknown>();
    messages.onMessage(heard.add);
    await device.connect();
    await expect(messages.send({ celsius: 10_000 }).delivered).rejects.toMatchObject({ code: 'bad-input' });
    await expect(device.messages.withCodec({ ...CODEC, encode: () => 'text' as never }).send({ celsius: 1 }).delivered).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('string') });
    expect(() => device.messages.withCodec({ encode: CODEC.encode } as never)).toThrow(expect.objectContaining({ code: 'bad-input' }));
    await post(rig, cloud.name, Uint8Array.from([7]));
    expect(await rig.told(device).problems.first(({ code }) => code === 'bad-frame')).toMatchObject({ place: { device: cloud.ref(1) } });
    await post(rig, cloud.name, Uint8Array.from([0, 0]));
    expect(await heard.first()).toEqual({ device: cloud.ref(1), value: { celsius: 0 } });
  });
});
