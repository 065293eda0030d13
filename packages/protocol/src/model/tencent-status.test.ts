import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileModel, readTencentTemplate, tencentStatus, type Violation } from './index.ts';

const model = compileModel(readTencentTemplate(JSON.parse(readFileSync(new URL('../../fixtures/models/tencent-template.json', import.meta.url), 'utf8'))));
const reported = (values: Record<string, unknown>) => model.checkProperties([{ values }], 'report');
const statusOf = (violation: Violation | undefined) => violation && tencentStatus(violation);

describe("Tencent's answer to values that the template does not allow", () => {
  it.each<[Record<string, unknown>, string]>([
    [{ nope: 1 }, 'Not find PropertySchema'],
    [{ color: '3' }, 'color value "3" enum not defined'],
    [{ color: 7 }, 'color value 7 enum not defined'],
    [{ work_mode: 'turbo' }, 'work_mode value "turbo" enum not defined'],
    [{ brightness: 101 }, 'brightness value 101 out of range:[0,100]'],
    [{ temp: -41.5 }, 'temp value -41.5 out of range:[-40,125]'],
    [{ power_switch: true }, 'power_switch value true out of range:[0,1]'],
    [{ power_switch: 2 }, 'power_switch value 2 out of range:[0,1]'],
    [{ ints: [1, 300] }, 'ints value 300 out of range:[0,100]'],
    [{ pos: { x: 101 } }, 'x value 101 out of range:[0,100]'],
  ])('is the text of the reference for %j', (values, status) => {
    expect(statusOf(reported(values))).toEqual({ code: 406, status });
  });

  it('is Param count not match for an event without all its parameters', () => {
    expect(statusOf(model.checkEvent(undefined, 'status_report', { status: 1 }))).toEqual({ code: 406, status: 'Param count not match' });
  });

  it('is our own message where the vendor has no known text', () => {
    const violation = reported({ name: 'x'.repeat(65) });
    expect(statusOf(violation)).toEqual({ code: 406, status: violation?.message });
    const halfOpen = compileModel(readTencentTemplate({ properties: [{ id: 'p', mode: 'rw', define: { type: 'int', max: '5' } }] }));
    expect(statusOf(halfOpen.checkProperties([{ values: { p: 6 } }], 'report'))?.status).toContain('allowed: an integer from');
    expect(statusOf(reported({ pos: { y: 1 } }))?.status).toContain('no member "y"');
    expect(statusOf(model.checkProperties([{ values: { temp: 1 } }], 'set'))?.status).toContain('read-only');
    expect(statusOf(model.checkArgs(undefined, 'light_on', {}))?.status).toContain('required');
  });
});
