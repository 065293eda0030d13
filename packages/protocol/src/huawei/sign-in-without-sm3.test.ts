import type * as nodeCrypto from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { huaweiSignIn } from './sign-in.ts';

// An OpenSSL that was built without SM3.
vi.mock('node:crypto', async (load) => {
  const crypto = await load<typeof nodeCrypto>();
  const createHmac: typeof crypto.createHmac = (algorithm, ...rest) => {
    if (algorithm === 'sm3') throw new Error('Invalid digest: sm3');
    return crypto.createHmac(algorithm, ...rest);
  };
  return { ...crypto, createHmac };
});

describe('a Node.js without SM3', () => {
  const context = { now: Date.UTC(2025, 3, 14, 1), random: () => 0.5 };

  it('says so when a device is to sign with it', () => {
    const credentials = () => huaweiSignIn.credentials({ deviceId: 'd', secret: 's', signature: 'hmac-sm3' }, context);
    expect(credentials).toThrow(expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('SM3') }));
  });

  it('signs with SHA-256 as ever', () => {
    expect(huaweiSignIn.credentials({ deviceId: 'd', secret: '12345678' }, context).password).toBe('c75150e6cb841417396819e4d2ee4358a416344a03a083e3a8567074ddec820a');
  });
});
