import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { FORBIDDEN, FUZZ_TIMEOUT_MS, runs, text } from './packet-arbitraries.fixtures.ts';
import { judgeBytes, judgeText } from './text.ts';

vi.setConfig({ testTimeout: FUZZ_TIMEOUT_MS });

const isClean = (verdict: string): boolean => verdict === 'ascii' || verdict === 'unicode';
const verdictOf = (content: Uint8Array): string => judgeBytes(content, 0, content.length);

describe('judging strings', () => {
  it('agrees with Unicode about every code point, in bytes and in text', () => {
    for (let code = 0; code <= 0x10ffff; code++) {
      const char = String.fromCodePoint(code);
      const expected = !FORBIDDEN.test(char);
      if (isClean(judgeText(char)) !== expected) expect.fail(`U+${code.toString(16)} as text`);
      // A lone surrogate has no UTF-8: Node writes U+FFFD, which is clean.
      if (char.isWellFormed() && isClean(verdictOf(Buffer.from(char))) !== expected) expect.fail(`U+${code.toString(16)} as bytes`);
    }
  });

  it('agrees with Node about what is well-formed UTF-8', () => {
    const sequence = fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.array(fc.constantFrom(0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5), { maxLength: 6 }));
    fc.assert(fc.property(sequence, (values) => {
      const content = Uint8Array.from(values);
      const verdict = verdictOf(content);
      if (isClean(verdict)) expect(isUtf8(content)).toBe(true);
      if (verdict === 'utf8') expect(isUtf8(content)).toBe(false);
      if (isUtf8(content) && !FORBIDDEN.test(Buffer.from(content).toString())) expect(isClean(verdict)).toBe(true);
    }), runs(3000));
  });

  it('finds a surrogate without its partner anywhere in a text', () => {
    fc.assert(fc.property(text, text, fc.integer({ min: 0xd800, max: 0xdfff }), (before, after, unit) => {
      expect(judgeText(before + String.fromCharCode(unit) + after)).toBe('utf8');
    }), runs(200));
  });

  it('tells ASCII from the rest, since ASCII is copied faster', () => {
    expect([judgeText('a/b'), judgeText('a/云'), judgeText(''), verdictOf(Buffer.from('a/b')), verdictOf(Buffer.from('云'))])
      .toEqual(['ascii', 'unicode', 'ascii', 'ascii', 'unicode']);
  });
});
