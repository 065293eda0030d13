import { LianyunError, tencentStatus, type Clock, type Message, type Peer, type PropertyGroup, type ShadowService } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';
import type { Registry } from './registry.ts';
import type { Storage } from './storage/storage.ts';
import type { TwinService } from './twin-state.ts';

interface IntakeOptions {
  readonly peer: Peer;
  readonly registry: Registry;
  readonly storage: Storage;
  readonly clock: Clock;
  problem(problem: LianyunError): void;
}

/** What IoTDA does with the messages of its devices. */
function takeHuawei({ peer, registry, storage: { twins }, clock, problem }: IntakeOptions): void {
  peer.handle('property.report', (message) => {
    const { device } = message;
    const model = registry.model('huawei', registry.device('huawei', device).productId);
    const { groups } = message.body;
    if (model.checkProperties(groups, 'report') === undefined) return twins.report('huawei', device, groups, clock.now());
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
    if (kept.length > 0) twins.report('huawei', device, kept, clock.now());
  });

  peer.handle('shadow.get', ({ device, body }) => ({ code: 0, services: twins.read('huawei', device, body.service).map(shadowOf) }));
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
function takeTencent({ peer, registry, storage, clock, problem }: IntakeOptions): void {
  const { twins } = storage;
  const success = { code: 0, text: 'success' };

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
