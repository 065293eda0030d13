import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { safeFileName } from './file-name.ts';

it('a safe name stays as it is', () => {
  for (const name of ['app.bin', 'v1.2.3', '固件-2.0_final+build', 'a']) expect(safeFileName(name)).toBe(name);
});

it('a name never leaves its directory, whatever it is made of', () => {
  const nasty = fc.string({ unit: fc.constantFrom('.', '..', '/', '\\', '\0', '\n', ':', ' ', 'a', '云', '\u202e', '\u{1f600}', 'con', 'e\u0301', '%2f', '~', '\ud800'), maxLength: 300 });
  fc.assert(
    fc.property(fc.oneof(nasty, fc.string()), (text) => {
      const name = safeFileName(text);
      expect(name).not.toBe('');
      expect(path.dirname(path.resolve('/d', name))).toBe('/d');
      expect(path.win32.basename(name)).toBe(name);
      expect(name).not.toMatch(/^[.]|[.]$|[/\\\0:]|[.][.]/);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(201);
    }),
    { numRuns: 2000 },
  );
  expect([safeFileName('../../etc/passwd'), safeFileName('..'), safeFileName('', 'none'), safeFileName('NUL.txt'), safeFileName('云'.repeat(300)).length]).toEqual(['_._etc_passwd', 'file', 'none', '_NUL.txt', 66]);
});
