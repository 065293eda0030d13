import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tencentHttp, tencentHttpGateway, type TencentLogLine, type TencentLogs } from './http.ts';

const DEVICE = { productId: 'ABCDE12345', deviceName: 'dev1' };
const read = (message: readonly unknown[]): unknown => {
  const logs = tencentHttpGateway.logs.read({ ProductId: DEVICE.productId, DeviceName: DEVICE.deviceName, Message: message });
  return 'wrong' in logs ? logs.wrong : logs.lines;
};

it('Lines of a log are read as they were written, with their levels and times', () => {
  // A line feed at an end belongs to the form that SDKs give their lines; what is empty is no line.
  const content = fc.string({ unit: 'binary' }).map((text) => `x${text.replaceAll('\f', ' ')}.`);
  const line = fc.record<TencentLogLine>({ level: fc.constantFrom('ERROR', 'WARN', 'INFO', 'DEBUG'), content, at: fc.integer({ min: 0, max: 253_402_300_799_999 }) });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
      const { body } = tencentHttp.logs.write({ ...DEVICE, lines }, { key: { secret: 's' }, host: 'h', path: '/device/reportlog' }, { now: 0, random: () => 0.5 });
      expect(tencentHttpGateway.logs.read(JSON.parse(body))).toEqual({ ...DEVICE, lines } satisfies TencentLogs);
    }),
  );
});

it('Lines are read as the vendor writes them: without a mark, and many in one text', () => {
  expect(read(['INFmqtt connect success.'])).toEqual([{ level: 'INFO', content: 'mqtt connect success.' }]);
  expect(read(['INF|2019-07-14 15:03:50|TXMQTT|one\n\fDBG|2019-07-14 15:03:51|TXMQTT|two\n\f', 'WRN|three\r\n'])).toEqual([
    { level: 'INFO', content: '2019-07-14 15:03:50|TXMQTT|one' },
    { level: 'DEBUG', content: '2019-07-14 15:03:51|TXMQTT|two' },
    { level: 'WARN', content: 'three' },
  ]);
  expect(read([''])).toEqual([]);
});

it.each([
  ['a number', [7], /^Message\.0: /],
  ['no list', 'INF', /^Message: /],
  ['no level', ['INFa', 'what'], /^Message\[1\]: a line begins with "wha"; ERR, WRN, INF, DBG are known$/],
  ['small letters, behind another line', ['INFa\n\finfb'], /^Message\[0\]: a line begins with "inf"/],
  ['a line that is too long', [`INF${'x'.repeat(65_536)}`], /^Message\[0\]: a line has 65539 characters; at most 65536 are taken$/],
])('Lines are refused, and what is wrong is named: %s', (_what, message, wrong) => {
  expect(read(message as unknown[])).toMatch(wrong);
});
