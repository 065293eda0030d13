import fc from 'fast-check';
import { anyJson, bytes, code, given, integer, level, record, text, values, type Messages } from '../arbitraries.fixtures.ts';
import type { DeviceEvent, DeviceInfo, FenceAlarm } from '../vocabulary.ts';

const device = fc.tuple(level, level).map(([product, name]) => `${product}/${name}`);
/** With or without a token. */
const sent = <B>(body: fc.Arbitrary<B>) => record({ device, via: device, id: given, body }, ['device', 'via', 'body']);
/** Without a token: the message has no place for it. */
const untied = <B>(body: fc.Arbitrary<B>) => record({ device, via: device, body }, ['device', 'via', 'body']);
/** About sub-devices, from or to their gateway. */
const ofGateway = <B>(body: fc.Arbitrary<B>) => device.chain((gateway) => record({ device: fc.constant(gateway), via: fc.constant(gateway), body }, ['device', 'via', 'body']));

const at = fc.integer({ min: 100_000_000_000, max: Number.MAX_SAFE_INTEGER });
const seconds = fc.integer({ min: 1, max: 99_999_999_999 }).map((value) => value * 1000);
const outcome = record({ code, text: given }, ['code']);
const state = record({ reported: values, desired: values }, []);
const nothing = fc.constant({});

const event = record<Required<Omit<DeviceEvent, 'service' | 'id'>>, 'name' | 'severity' | 'params'>({ name: text, severity: fc.constantFrom('info', 'alert', 'fault'), at, params: values }, ['name', 'severity', 'params']);
const events = fc.oneof(
  event.map((each) => ({ events: [each] })),
  fc.array(event, { minLength: 1, maxLength: 3 }).map((each) => ({ events: each, list: true as const })),
);

const deviceInfo = record<Required<Omit<DeviceInfo, 'software' | 'sdk' | 'ip'>>, never>(
  { name: given, imei: given, mac: given, firmware: given, hardware: given, module: given, latitude: given, longitude: given, labels: values },
  [],
);

const children = <C>(each: fc.Arbitrary<C>, minLength = 0) => fc.array(each, { minLength, maxLength: 3 }).map((list) => ({ children: list }));
const result = record({ device, code }, ['device', 'code']);
const draft = record(
  { device, signature: text, random: integer, at: seconds, method: fc.constantFrom('hmacsha1' as const, 'hmacsha256' as const), proof: fc.constantFrom('psk' as const, 'certificate' as const) },
  ['device', 'signature', 'random', 'at', 'method', 'proof'],
);

/** What ties an answer to its call is a level of the topic. */
const called = <B>(body: fc.Arbitrary<B>) => record({ device, via: device, id: level, body }, ['device', 'via', 'id', 'body']);
/** What ties an answer to its question stands in the body. */
const identified = <B>(body: fc.Arbitrary<B>) => record({ device, via: device, id: text, body }, ['device', 'via', 'id', 'body']);
const version = record({ name: text, version: given, type: given }, ['name']);
const resources = fc.array(version, { maxLength: 3 }).map((list) => ({ resources: list }));
const carried = bytes.map((array) => ({ bytes: array }));
const configuration = record({ code, content: anyJson }, ['code']);
const md5 = fc.stringMatching(/^[0-9a-f]{32}$/);
const offered = record({ name: text, url: text, bytes: integer, md5 }, ['name', 'url']);
const document = record({ reported: values, desired: values, delta: values, at, version: integer }, []);
const documentAnswer = (answeredAt: fc.Arbitrary<number>) => record({ code, at: answeredAt, document }, ['code']);
const direction = fc.constantFrom('upload' as const, 'download' as const);
const degrees = fc.double({ noNaN: true, min: -180, max: 180 }).map((value) => value + 0);
const fence = record<Required<FenceAlarm>, never>({ at, type: given, condition: fc.constantFrom('In' as const, 'Out' as const, 'InOrOut' as const), alarmAt: at, name: given, longitude: degrees, latitude: degrees }, []);

/**
 * Tencent cannot express: services, so there is one group and one state without a name; times of single groups; a report or an event
 * before March 1973 (its milliseconds look like seconds, 2.1); a call's or a signature's time finer than a second, or 0, which means
 * no clock (2.7); a result of a command without output (`response` is mandatory, 2.7) or with a name; events without a severity;
 * messages other than bytes; when the time was asked for; a package that is not firmware with an MD5 digest; sub-devices that come and
 * go in one message; `""` for what need not be given.
 */
export const tencentMessages: Messages = {
  'property.report': sent(record({ values, at }, ['values']).map((group) => ({ groups: [group] }))),
  'property.report.ack': sent(outcome),
  'property.set': sent(values.map((each) => ({ groups: [{ values: each }] }))),
  'property.set.result': sent(outcome),
  'shadow.get': sent(record({ include: fc.constant('metadata' as const) }, [])),
  'shadow.state': sent(record({ code, text: given, services: fc.array(state, { maxLength: 1 }) }, ['code', 'services'])),
  'shadow.clear': sent(nothing),
  'shadow.cleared': sent(outcome),
  'command.invoke': sent(record({ name: text, args: values, at: seconds }, ['name', 'args'])),
  'command.result': sent(record({ code, text: given, output: values }, ['code', 'output'])),
  'event.post': sent(events),
  'event.post.ack': sent(record({ code, text: given, list: fc.constant(true as const) }, ['code'])),
  'info.report': sent(deviceInfo),
  'info.report.ack': sent(outcome),
  'message.up': untied(bytes.map((array) => ({ bytes: array }))),
  'message.down': untied(bytes.map((array) => ({ bytes: array }))),
  'message.broadcast': untied(bytes.map((array) => ({ bytes: array }))),
  'time.query': untied(nothing),
  'time.answer': untied(record({ receivedAt: integer, answeredAt: integer }, ['receivedAt', 'answeredAt'])),
  'ota.version': untied(record({ firmware: given }, ['firmware'])),
  'ota.version.ack': untied(record({ code, text: given, version: given }, ['code'])),
  'ota.offer': untied(
    record(
      { kind: fc.constant('firmware' as const), version: text, url: text, bytes: integer, digest: record({ algorithm: fc.constant('md5' as const), hex: given }, ['algorithm', 'hex']) },
      ['kind', 'version', 'url', 'bytes', 'digest'],
    ),
  ),
  'ota.progress': untied(
    record({ state: fc.constantFrom('downloading' as const, 'burning' as const, 'done' as const, 'fail' as const), code: fc.integer(), percent: fc.integer(), version: text, text: given }, ['state', 'code', 'version']),
  ),
  'log.query': sent(nothing),
  'log.config': sent(integer.map((each) => ({ on: each > 0, level: each }))),
  'rpc.call': called(carried),
  'rpc.result': called(carried),
  'sync.call': called(carried),
  'sync.result': called(carried),
  'binding.notify': sent(record({ bound: fc.boolean(), at }, ['bound'])),
  'binding.claim': sent(record({ token: text }, ['token'])),
  'binding.claim.result': sent(outcome),
  'fence.alarm': sent(fence),
  'fence.alarm.ack': sent(record({ code, text: given, at }, ['code'])),
  'config.query': untied(nothing),
  'config.answer': untied(configuration),
  'config.push': untied(configuration),
  'resource.upload': untied(record({ name: text, bytes: integer, md5 }, ['name', 'bytes', 'md5'])),
  'resource.upload.grant': untied(record({ name: text, bytes: integer, md5, url: given }, ['name'])),
  'resource.progress': untied(
    record(
      { direction, name: text, state: fc.constantFrom('uploading' as const, 'downloading' as const, 'done' as const, 'fail' as const), percent: integer, code, text: given },
      ['direction', 'name', 'state', 'code'],
    ),
  ),
  'resource.progress.ack': untied(record({ direction, code, text: given }, ['direction', 'code'])),
  'resource.poll': untied(nothing),
  'resource.poll.answer': untied(record({ offer: record({ name: given, url: given, bytes: integer, md5 }, ['name', 'url']) }, [])),
  'resource.offer': untied(offered),
  'document.get': sent(nothing),
  'document.state': sent(documentAnswer(seconds)),
  'document.update': sent(record({ reported: fc.option(values), desired: fc.option(values), version: integer }, [])),
  'document.updated': sent(documentAnswer(at)),
  'document.delta': untied(record({ delta: values, at, version: integer }, ['delta'])),
  'resource.versions': untied(resources),
  'resource.versions.ack': untied(record({ code, text: given, resources: fc.array(version, { maxLength: 3 }) }, ['code', 'resources'])),
  'resource.update': untied(record({ name: text, version: given, type: given, url: text, bytes: integer, md5 }, ['name', 'url'])),
  'resource.update.progress': untied(
    record({ name: text, version: given, state: fc.constantFrom('downloading' as const, 'burning' as const, 'done' as const, 'fail' as const), percent: fc.integer({ min: 0, max: 100 }), code: fc.integer({ min: -999, max: 999 }), text: given }, ['name', 'state', 'code']),
  ),
  'resource.remove': untied(version),
  'resource.remove.result': untied(record({ name: text, version: given, code: fc.integer({ min: -999, max: 999 }), text: given }, ['name', 'code'])),
  'resource.request': identified(version),
  'resource.request.grant': identified(record({ code, text: given, url: given, token: given }, ['code'])),
  'resource.posted': untied(record({ token: text, code: fc.integer({ min: -999, max: 999 }), text: given }, ['token', 'code'])),
  'child.add': ofGateway(children(draft)),
  'child.add.result': ofGateway(children(result)),
  'child.remove': ofGateway(children(device)),
  'child.remove.result': ofGateway(children(result)),
  'child.status': fc.boolean().chain((online) => ofGateway(children(record({ device, online: fc.constant(online) }, ['device', 'online']), 1))),
  'child.status.result': fc.boolean().chain((online) => ofGateway(children(record({ device, code, online: fc.constant(online) }, ['device', 'code', 'online']), 1))),
  'child.list': ofGateway(nothing),
  'child.list.result': ofGateway(children(device)),
  'child.notify': ofGateway(fc.tuple(fc.constantFrom('added' as const, 'removed' as const), children(record({ device }, ['device']))).map(([change, list]) => ({ change, ...list }))),
  'child.notify.ack': ofGateway(record({ code }, ['code'])),
  'child.search': ofGateway(record({ on: fc.boolean() }, ['on'])),
  'child.search.ack': ofGateway(record({ on: fc.boolean(), code }, ['on', 'code'])),
};
