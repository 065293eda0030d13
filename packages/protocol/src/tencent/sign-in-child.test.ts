import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/auth-vectors.json' with { type: 'json' };
import { childSigning } from './sign-in-child.ts';

const MAX = 0x7fff_ffff;

describe("a sub-device's signature", () => {
  it.each(vectors.tencent.gatewayBind.map((vector) => [vector.signInput.content, vector] as const))('is what the vendor computes over %s', (_, vector) => {
    const [entry] = vector.payload.payload.devices;
    const signed = childSigning.sign(
      { device: `${vector.sub_productId}/${vector.sub_devName}`, secret: vector.sub_secret },
      { now: vector.timeSeconds * 1000, random: () => (vector.nonce + 0.5) / MAX },
    );
    expect(signed).toMatchObject({ signature: entry?.signature, random: entry?.random, method: 'hmacsha1', proof: 'psk' });
  });

  it('is keyed with the text of the secret by either method', () => {
    const [child, context] = [{ device: 'ABCDE12345/sub1', secret: 'lDZ6Uqt+I9E0wW7rvDUs7Q==' }, { now: 1589786839_000, random: () => 121213.5 / MAX }];
    expect(childSigning.sign(child, context)).toMatchObject({ signature: '75PflnfOaEPYZ5W9izMAh80CuZA=', random: 121213 });
    expect(childSigning.sign({ ...child, method: 'hmacsha256' }, context)).toMatchObject({ signature: 'bffvWK8l5djnV6guDe18bcaExIzxAZULNOWwRrWybD0=' });
  });

  it('is taken with the right secret, within an hour of its time, and refused otherwise with the reason', () => {
    const draft = childSigning.sign({ device: 'ABCDE12345/sub1', secret: 'right' }, { now: 1_000_000_000, random: () => 0.5 });
    expect(childSigning.verify(draft, 'right', 1_000_000_000)).toBeUndefined();
    expect(childSigning.verify(draft, 'right', 1_000_000_000 - 3_600_000)).toBeUndefined();
    expect(childSigning.verify(draft, 'right', 1_000_000_000 + 3_600_001)).toBe('expired');
    expect(childSigning.verify(draft, 'wrong', 1_000_000_000)).toBe('bad-signature');
    expect(childSigning.verify({ ...draft, device: 'ABCDE12345/sub2' }, 'right', 1_000_000_000)).toBe('bad-signature');
    expect(childSigning.verify({ ...draft, signature: '' }, 'right', 1_000_000_000)).toBe('bad-signature');
    expect(childSigning.verify({ ...draft, method: 'md5' }, 'right', 1_000_000_000)).toBe('unknown-method');
  });

  it('is not made by a method that the cloud does not know', () => {
    expect(() => childSigning.sign({ device: 'ABCDE12345/sub1', secret: 's', method: 'md5' as never }, { now: 0, random: () => 0 })).toThrow(expect.objectContaining({ code: 'bad-input' }));
  });
});
