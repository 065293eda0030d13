import { endsLikeSignature } from '@lianyun/protocol';
import { pattern, type Rule } from '../registry-rules.ts';

/** The name of a registration group. At the end of a client id it must not look like the signature that can stand there (Huawei 6.2). */
export const SCOPE_ID: Rule = {
  allows: (text) => /^[\w-]{1,64}$/.test(text) && !endsLikeSignature(text),
  words: '1 to 64 letters, digits, _ and -, not ending in a digit, _ and ten digits',
};

/** What the devices of a group share (Huawei 6.2). */
export const GROUP_SECRET: Rule = {
  allows: (text) => {
    const bytes = Buffer.from(text, 'base64');
    return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && bytes.length >= 32 && bytes.length <= 128;
  },
  words: 'base64 of 32 to 128 bytes',
};

/** Where a policy sends devices. */
export const ADDRESS = pattern(/^[^\s/]+:\d{1,5}$/, 'host:port');
