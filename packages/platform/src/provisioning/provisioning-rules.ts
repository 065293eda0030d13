import { pattern, type Rule } from '../registry-rules.ts';

/** The name of a registration group: it stands between underscores in client ids (Huawei 6.2). */
export const SCOPE_ID = pattern(/^[A-Za-z0-9-]{1,64}$/, '1 to 64 letters, digits and -');

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
