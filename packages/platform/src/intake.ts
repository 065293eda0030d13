import { huawei, LianyunError, tencentStatus, type Clock, type DeviceEvent, type DeviceMessage, type DeviceRef, type Message, type MessageProperties, type Peer, type PropertyGroup, type ShadowService } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';
import type { Registry } from './registry.ts';
import type { Storage } from './storage/storage.ts';
import type { TwinService } from './twin-state.ts';

interface IntakeOptions {
  readonly peer: Peer;
  readonly registry: Registry;
  readonly storage: Storage;
  readonly clock: Clock;
  /** A Huawei device reported of which something is desired: that may differ now. */
  onReported(device: DeviceRef): void;
  onEvent(device: DeviceRef, event: DeviceEvent): void;
  onMessage(device: DeviceRef, message: DeviceMessage, properties?: MessageProperties): void;
  /** What the shadow of a Huawei device says of the rules that it runs itself. */
  rulesOf(device: DeviceRef): ShadowService | undefined;
  problem(problem: LianyunError): void;
}

/** What both clouds do alike. */
function takeBoth({ peer, storage: { mailbox }, clock, onMessage }: IntakeOptions, cloud: Cloud): void {
  peer.handle('message.up', ({ device, body, properties }) => {
    mailbox.receive(cloud, device, body, clock.now());
    onMessage(device, body, properties);
  });

  peer.handle('time.query', ({ body }) => {
    const now = clock.now();
    return { ...(body.sentAt === undefined ? {} : { sentAt: body.sentAt }), receivedAt: now, answeredAt: now };
  });
}

/** Keeps what a device told about itself; what it leaves out, or leaves empty, stays as it was. */
function keepInfo({ registry }: IntakeOptions, cloud: Cloud, { device, body }: Message<'info.report'>): void {
  const told = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== ''));
  registry.updateDevice(cloud, device, { info: { ...registry.device(cloud, device).info, ...told } });
}

type ReportOptions = Pick<IntakeOptions, 'registry' | 'storage' | 'clock' | 'problem' | 'onReported'>;

/** Takes in what a Huawei device, or a gateway for it, reported. */
export function takeHuaweiReport({ registry, storage: { twins }, clock, problem, onReported }: ReportOptions, device: DeviceRef, groups: readonly PropertyGroup[]): void {
  const model = registry.model('huawei', registry.device('huawei', device).productId);
  const keep = (allowed: readonly PropertyGroup[]): void => {
    if (twins.report('huawei', device, allowed, clock.now())) onReported(device);
  };
  if (model.checkProperties(groups, 'report') === undefined) return keep(groups);
  // Values that the model does not allow are dropped, the others are kept (reference 3.4).
  const kept: PropertyGroup[] = [];
  for (const group of groups) {
    const good: [string, PropertyGroup['values'][string]][] = [];
    for (const [name, value] of Object.entries(group.values)) {
      const violation = model.checkProperties([{ ...group, values: Object.fromEntries([[name, value]]) }], 'report');
      if (violation === undefined) good.push([name, value]);
      else problem(new LianyunError('model-violation', `${device} reported what its model does not allow: ${violation.message}`, { device, path: violation.path }));
    }
    if (good.length > 0) kept.push({ ...group, values: Object.fromEntries(good) });
  }
  if (kept.length > 0) keep(kept);
}

/** What IoTDA does with the messages of its devices. */
function takeHuawei(options: IntakeOptions): void {
  const { peer, storage: { twins, events }, clock, onEvent, rulesOf } = options;
  takeBoth(options, 'huawei');

  // Forwarded and not judged: events are declared in the model, and not used by the platform yet (reference 5.10, 14.6).
  peer.handle('event.post', ({ device, body }) => {
    events.add('huawei', device, body.events, clock.now());
    for (const event of body.events) onEvent(device, event);
  });

  peer.handle('info.report', (message) => keepInfo(options, 'huawei', message));

  // Which rules it has the platform knows by what it asks for (10.1).
  peer.handle('property.report', ({ device, body }) => takeHuaweiReport(options, device, huawei.rules?.readVersions(body.groups).rest ?? body.groups));

  peer.handle('shadow.get', ({ device, body }) => {
    const rules = body.service === undefined || body.service === huawei.rules?.service ? rulesOf(device) : undefined;
    return { code: 0, services: [...twins.read('huawei', device, body.service).map(shadowOf), ...(rules === undefined ? [] : [rules])] };
  });
}

/** One service's part of a Huawei shadow. */
function shadowOf({ service, reported, desired, version }: TwinService): ShadowService {
  return {
    service: service ?? '',
    version,
    ...(reported === undefined ? {} : { reported: reported.values, reportedAt: reported.at }),
    ...(desired === undefined ? {} : { desired: desired.values, desiredAt: desired.at }),
  };
}

/** What IoT Explorer does with the messages of its devices. */
function takeTencent(options: IntakeOptions): void {
  const { peer, registry, storage, clock, problem } = options;
  const { twins } = storage;
  const success = { code: 0, text: 'success' };
  takeBoth(options, 'tencent');
  takeEvents(options);

  peer.handle('info.report', (message) => {
    keepInfo(options, 'tencent', message);
    // Without a clientToken there is nothing to tie the answer to.
    const { device, via, id } = message;
    if (id !== undefined) whenStored(storage, () => void peer.send('info.report.ack', { device, via, id, body: success }));
  });

  peer.handle('property.report', (message) => {
    const { device, body } = message;
    const violation = registry.model('tencent', registry.device('tencent', device).productId).checkProperties(body.groups, 'report');
    if (violation === undefined) {
      twins.report('tencent', device, body.groups, clock.now());
      return whenStored(storage, () => acknowledge(peer, message, success));
    }
    // One invalid property rejects the whole message (reference 2.1).
    const { code, status } = tencentStatus(violation);
    problem(new LianyunError('model-violation', `${device} reported what its template does not allow: ${violation.message}`, { device, path: violation.path }));
    return acknowledge(peer, message, { code, text: status });
  });

  peer.handle('shadow.get', ({ device }) => {
    const [twin] = twins.read('tencent', device);
    const service = { reported: twin?.reported?.values ?? {}, ...(twin?.desired === undefined ? {} : { desired: twin.desired.values }) };
    return { ...success, services: [service] };
  });

  peer.handle('shadow.clear', ({ device }) => {
    twins.forgetDesired('tencent', device);
    return storage.stored()?.then(() => success) ?? success;
  });

  // ControlDeviceData does not wait, so nobody else takes the answer; the device reports what it changed (reference 2.4).
  peer.handle('property.set.result', ({ device, body }) => {
    if (body.code !== 0) problem(new LianyunError('refused', `${device} refused a control with code ${body.code}: ${body.text ?? 'no text'}.`, { device, number: body.code }));
  });
}

/** Events that the template allows are kept, all of a message or none (reference 2.6). */
function takeEvents({ peer, registry, storage, clock, problem, onEvent }: IntakeOptions): void {
  peer.handle('event.post', (message) => {
    const { device, via, id, body } = message;
    const answer = (code: number, text: string): void => {
      if (id !== undefined) peer.send('event.post.ack', { device, via, id, body: { code, text, ...(body.list === true ? { list: true } : {}) } });
    };
    const model = registry.model('tencent', registry.device('tencent', device).productId);
    for (const { name, params, severity } of body.events) {
      const violation = model.checkEvent(undefined, name, params, severity);
      if (violation === undefined) continue;
      problem(new LianyunError('model-violation', `${device} told of an event that its template does not allow: ${violation.message}`, { device, path: violation.path }));
      const { code, status } = tencentStatus(violation);
      return answer(code, status);
    }
    storage.events.add('tencent', device, body.events, clock.now());
    for (const event of body.events) onEvent(device, event);
    return whenStored(storage, () => answer(0, ''));
  });
}

function acknowledge(peer: Peer, message: Message<'property.report'>, body: { readonly code: number; readonly text: string }): void {
  // Without a clientToken there is nothing to tie the answer to.
  if (message.id !== undefined) peer.send('property.report.ack', { device: message.device, via: message.via, id: message.id, body });
}

/** Answers when what the answer speaks of is stored. When it cannot be there is no answer, and the device sends again; the storage tells why. */
function whenStored(storage: Storage, answer: () => void): void {
  const stored = storage.stored();
  if (stored === undefined) answer();
  else stored.then(answer, () => undefined);
}

/** The handlers of each cloud. */
export const INTAKE: Readonly<Record<Cloud, (options: IntakeOptions) => void>> = { huawei: takeHuawei, tencent: takeTencent };
