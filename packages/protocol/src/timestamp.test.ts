import { describe, expect, it } from 'vitest';
import { readTimestamp } from './timestamp.ts';

describe('a time stamp in seconds or milliseconds', () => {
  it.each([
    ['ten digits are seconds', 1_626_762_875, 1_626_762_875_000],
    ['thirteen digits are milliseconds', 1_628_646_783_000, 1_628_646_783_000],
    ['the least milliseconds', 100_000_000_000, 100_000_000_000],
    ['0 means that the device has no clock', 0, undefined],
    ['none', undefined, undefined],
  ])('%s', (_, value, at) => {
    expect(readTimestamp(value)).toBe(at);
  });
});
