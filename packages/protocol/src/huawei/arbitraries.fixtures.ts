import fc from 'fast-check';
import { anyJson, bytes, code, given, integer, level, record, text, values, type Messages } from '../arbitraries.fixtures.ts';
import type { JsonObject } from '../json.ts';
import type { ChildInfo, ChildResult, DeviceEvent, DeviceInfo, DeviceMessage, OtaTask, PropertyGroup, ShadowService } from '../vocabulary.ts';

const FIRST_AT = Date.parse('0000-01-01T00:00:00Z');
const LAST_AT = Date.parse('9999-12-31T23:59:59.999Z');
const at = fc.oneof(fc.constantFrom(0, 1), fc.integer({ min: FIRST_AT, max: LAST_AT }));
const second = fc.integer({ min: FIRST_AT / 1000, max: Math.floor(LAST_AT / 1000) }).map((value) => value * 1000);

const group = record<Required<PropertyGroup>, 'service' | 'values'>({ service: text, values, at }, ['service', 'values']);
const groups = fc.array(group, { maxLength: 4 });
const failure = code.filter((value) => value !== 0);

/** Concerns the connected device only. */
const own = <B>(body: fc.Arbitrary<B>) => level.chain((device) => record({ device: fc.constant(device), via: fc.constant(device), id: level, body }, ['device', 'via', 'id', 'body']));
const ownUntied = <B>(body: fc.Arbitrary<B>) => own(body).map(({ device, via, body: each }) => ({ device, via, body: each }));
const sent = <B>(body: fc.Arbitrary<B>) => record({ device: fc.oneof(level, given), via: level, id: level, body }, ['device', 'via', 'id', 'body']);

const timed = <B>(time: fc.Arbitrary<number>) => (body: fc.Arbitrary<B>) => record({ device: given, via: level, at: time, body }, ['device', 'via', 'body']);
const up = <B>(body: fc.Arbitrary<B>) => timed<B>(at)(body);
const down = <B>(body: fc.Arbitrary<B>) => timed<B>(second)(body);
const untimed = <B>(body: fc.Arbitrary<B>) => record({ device: given, via: level, body }, ['device', 'via', 'body']);
const tied = <B>(time: fc.Arbitrary<number>, body: fc.Arbitrary<B>) => record({ device: given, via: level, id: given, at: time, body }, ['device', 'via', 'body']);

const event = (time: fc.Arbitrary<number>) =>
  record<Required<Omit<DeviceEvent, 'severity'>>, 'service' | 'name' | 'params'>({ service: text, name: text, id: given, at: time, params: values }, ['service', 'name', 'params']).map((each) => ({ events: [each] }));

const task = { taskId: given, children: integer, taskInfo: anyJson.filter((value) => value !== null && value !== '') };
const direction = fc.constantFrom('upload' as const, 'download' as const);

const info = { gateway: given, node: given, product: given, name: given, description: given, manufacturer: given, model: given, firmware: given, software: given, status: given, info: values };
const child = record<Required<ChildInfo>, 'device'>({ device: text, ...info }, ['device']);
const children = fc.array(child, { maxLength: 3 });
const refused = fc.array(
  record({ device: given, node: given, product: given, code: fc.constant(-1), error: given, text: given }, ['code']),
  { maxLength: 2 },
);
/** What succeeded is told before what failed. */
const results = (succeeded: fc.Arbitrary<ChildResult & { online?: boolean }>) => fc.tuple(fc.array(succeeded, { maxLength: 3 }), refused).map(([good, bad]) => ({ children: [...good, ...bad] }));

const content = record<Required<Exclude<DeviceMessage, { bytes: Uint8Array }>>, 'content'>({ content: anyJson.filter((value) => value !== null), name: given, messageId: given }, ['content']);
const free = bytes.filter((array) => !new TextDecoder().decode(array).trimStart().startsWith('{')).map((array) => ({ bytes: array }));
const message = fc.oneof(untimed(content), ownUntied(free));

const reported = fc.oneof(fc.constant({}), record({ reported: values, reportedAt: second }, ['reported']));
const desired = fc.oneof(fc.constant({}), record({ desired: values, desiredAt: second }, ['desired']));
const service = fc.tuple(record({ service: text, version: integer }, ['service']), reported, desired).map(([named, ...sections]): ShadowService => Object.assign({}, named, ...sections));

const deviceInfo = record<Required<Pick<DeviceInfo, 'sdk' | 'firmware' | 'software' | 'ip'>>, never>({ sdk: given, firmware: given, software: given, ip: given }, []);
const sentAt = record({ sentAt: integer }, []);

/** A text that is no document. */
const freeText = given.filter((each) => !each.trimStart().startsWith('{'));

const unquoted = text.filter((each) => each !== '' && !/^'.*'$/s.test(each));
const days = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 7 });
const condition = fc.oneof(
  record({ kind: fc.constant('data' as const), device: unquoted, path: unquoted, operator: given, value: unquoted, values: fc.array(unquoted, { maxLength: 3 }) }, ['kind']),
  record({ kind: fc.constant('daily' as const), time: given, days }, ['kind']),
  record({ kind: fc.constant('interval' as const), start: given, everySeconds: integer, count: integer }, ['kind']),
  record({ kind: fc.constant('unknown' as const), type: text.filter((each) => !/^(?:DEVICE_DATA|DAILY_TIMER|SIMPLE_TIMER)$/.test(each)) }, ['kind', 'type']),
);
const action = record({ type: given, isEnabled: fc.boolean(), device: unquoted, service: unquoted, name: unquoted, args: values }, ['isEnabled']);
const rule = record(
  {
    id: text,
    name: given,
    version: integer,
    isActive: fc.boolean(),
    logic: given,
    window: record({ from: given, to: given, days }, []),
    conditions: fc.array(condition, { maxLength: 3 }),
    actions: fc.array(action, { maxLength: 3 }),
  },
  ['id', 'isActive', 'conditions', 'actions'],
);

/**
 * Huawei cannot express: a group or an event without a service; times outside the years 0 to 9999, or finer than a second in what
 * the platform sends; a result for another device than the connected one (it names the gateway only, 9.1); a text together with
 * success or output, or output that is only an `error` text of a failure (4.2); the id of what is neither answered nor an answer by
 * event id; several events a message; when a command was called; a failed shadow query; when nothing was reported; a log line before
 * March 1973 (its milliseconds look like seconds); another code than 0 and -1 for a sub-device, or failures before successes; bytes
 * that look like the system format, or of a sub-device (3.1, 3.2); names of a rule in single quotes; `""` and null for what need not be given.
 */
export const huaweiMessages: Messages = {
  'property.report': ownUntied(record({ groups }, ['groups'])),
  'property.set': sent(record({ groups }, ['groups'])),
  'property.set.result': own(record({ code, text: given }, ['code'])),
  'property.get': sent(record({ service: given }, [])),
  'property.get.result': own(record({ groups }, ['groups'])),
  'command.invoke': sent(record({ service: given, name: text, args: values }, ['name', 'args'])),
  'command.result': own(
    fc.oneof(
      record({ code: failure, name: given, text }, ['code', 'text']),
      record({ code, name: given, output: values }, ['code']).filter((body) => body.code === 0 || !isErrorOnly(body.output)),
    ),
  ),
  'shadow.get': sent(record({ service: given }, [])),
  'shadow.state': sent(record({ code: fc.constant(0), services: fc.array(service, { maxLength: 3 }) }, ['code', 'services'])),
  'message.up': message,
  'message.down': message,
  'event.post': untimed(event(at)),
  'event.notify': untimed(event(second)),
  'info.report': up(deviceInfo),
  'time.query': up(sentAt),
  'time.answer': down(record({ sentAt: integer, receivedAt: integer, answeredAt: integer }, ['receivedAt', 'answeredAt'])),
  'ota.query': down(record<Required<OtaTask>, never>(task, [])),
  'ota.version': up(record({ firmware: given, software: given }, [])),
  'ota.offer': down(
    record(
      {
        kind: fc.constantFrom('firmware' as const, 'software' as const),
        version: text,
        url: text,
        bytes: integer,
        fileName: given,
        token: given,
        expiresSeconds: integer,
        digest: record({ algorithm: fc.constant('sha256' as const), hex: given }, ['algorithm', 'hex']),
        info: given,
        ...task,
      },
      ['kind', 'version', 'url'],
    ),
  ),
  'ota.progress': up(record({ code, percent: integer, version: text, text: given }, ['code', 'version'])),
  'file.request': up(record({ direction, name: text, hash: given, bytes: integer }, ['direction', 'name'])),
  'file.grant': down(record({ direction, url: text, bucket: given, object: text, expiresSeconds: integer, hash: given, bytes: integer }, ['direction', 'url', 'object', 'expiresSeconds'])),
  'file.result': up(record({ direction, object: text, code, status: integer, text: given }, ['direction', 'object', 'code'])),
  'log.config': down(record({ on: fc.boolean(), until: second }, ['on'])),
  'log.report': up(record({ type: fc.string({ minLength: 1, maxLength: 64 }), content: text, at: fc.integer({ min: 100_000_000_000, max: 999_999_999_999_999 }) }, ['type', 'content', 'at'])),
  'provision.request': ownUntied(fc.oneof(record({ keyword: given }, []), freeText.map((each) => ({ text: each })))),
  'provision.result': ownUntied(fc.oneof(record({ address: given, secret: given, config: given }, ['address']), record({ error: given, text: given }, ['error']))),
  'rule.request': up(record({ rules: fc.array(text, { maxLength: 3 }), removed: fc.array(text, { maxLength: 3 }) }, ['rules', 'removed'])),
  'rule.deliver': down(record({ rules: fc.array(rule, { maxLength: 3 }) }, ['rules'])),
  'config.update': down(record({ content: anyJson }, ['content'])),
  'config.update.result': up(record({ code, text: given }, ['code'])),
  'child.add': tied(
    at,
    record(
      { children: fc.array(record({ product: text, node: text, device: given, gateway: given, name: given, description: given, info: values }, ['product', 'node']), { maxLength: 3 }) },
      ['children'],
    ),
  ),
  'child.add.result': tied(second, results(child.map((each) => ({ ...each, code: 0 })))),
  'child.remove': tied(at, record({ children: fc.array(text, { maxLength: 3 }) }, ['children'])),
  'child.remove.result': tied(second, results(record({ device: text, code: fc.constant(0) }, ['device', 'code']))),
  'child.status': tied(at, record({ children: fc.array(record({ device: text, online: fc.boolean() }, ['device', 'online']), { maxLength: 3 }) }, ['children'])),
  'child.status.result': tied(second, results(record({ device: text, code: fc.constant(0), online: fc.boolean() }, ['device', 'code']))),
  'child.report': ownUntied(record({ reports: fc.array(record({ device: text, groups }, ['device', 'groups']), { maxLength: 3 }) }, ['reports'])),
  'child.sync': up(record({ version: integer }, ['version'])),
  'child.notify': down(record({ change: fc.constantFrom('added' as const, 'removed' as const), children, version: integer }, ['change', 'children'])),
};

function isErrorOnly(output: JsonObject | undefined): boolean {
  return output !== undefined && Object.keys(output).length === 1 && typeof output['error'] === 'string';
}
