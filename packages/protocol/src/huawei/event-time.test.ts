import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventTime, readEventTime } from './event-time.ts';

describe('an event time', () => {
  it.each([
    ['20250414T013000Z', Date.UTC(2025, 3, 14, 1, 30)],
    ['2025-04-14T01:30:00.123Z', Date.UTC(2025, 3, 14, 1, 30, 0, 123)],
    ['2025-04-14T01:30:00Z', Date.UTC(2025, 3, 14, 1, 30)],
    ['2025-04-14T01:30:00.1Z', Date.UTC(2025, 3, 14, 1, 30, 0, 100)],
    ['20240229T235959Z', Date.UTC(2024, 1, 29, 23, 59, 59)],
  ])('%s is read', (text, at) => {
    expect(readEventTime(text)).toBe(at);
  });

  it.each([
    undefined, '', 'yesterday', '20250230T000000Z', '2025-02-30T00:00:00Z', '20250414T240000Z', '2025-04-14T24:00:00Z', '20251301T000000Z', '20250414T016000Z', '2025-04-14 01:30:00', '2025-04-14T01:30:00+08:00',
    '2025-04-14T01:30:00', '1744594200000', '+012025-04-14T01:30:00Z', ' 20250414T013000Z',
  ])('%j is none: the platform stamps the arrival', (text) => {
    expect(readEventTime(text)).toBeUndefined();
  });

  it('is written with milliseconds and read back', () => {
    expect(eventTime(Date.UTC(2025, 3, 14, 1, 30, 0, 123))).toBe('2025-04-14T01:30:00.123Z');
    fc.assert(fc.property(fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }), (date) => readEventTime(eventTime(date.getTime())) === date.getTime()));
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 253_402_300_800_000, -62_167_219_200_001])('%d is refused with its number', (at) => {
    expect(() => eventTime(at)).toThrow(expect.objectContaining({ code: 'bad-input', message: expect.stringContaining(String(at)) as unknown }));
  });

  it('never throws on reading', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'0123456789-:TZ.') }), (text) => typeof (readEventTime(text) ?? 0) === 'number'));
  });
});

describe('times written and read one after another', () => {
  it('are those of Date, whatever came before', () => {
    const instant = fc.integer({ min: Date.parse('0000-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59.999Z') });
    const near = fc.tuple(instant, fc.array(fc.integer({ min: -2500, max: 2500 }), { maxLength: 5 })).map(([at, steps]) => [at, ...steps.map((step) => at + step)]);
    fc.assert(
      fc.property(near, (instants) => {
        for (const at of instants.filter((each) => each >= Date.parse('0000-01-01T00:00:00Z') && each <= Date.parse('9999-12-31T23:59:59.999Z'))) {
          expect(eventTime(at)).toBe(new Date(at).toISOString());
          expect(readEventTime(eventTime(at))).toBe(at);
          // A text that only begins like the last one is judged by itself.
          expect(readEventTime(eventTime(at).replace(/\d\d\dZ$/, 'x12Z'))).toBeUndefined();
        }
      }),
    );
  });
});
