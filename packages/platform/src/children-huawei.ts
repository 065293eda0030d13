import { isJsonObject, isLianyunError, LianyunError, type ChildDraft, type ChildResult, type DeviceRef } from '@lianyun/protocol';
import { infoOf, type Children, type ChildrenOptions } from './children.ts';
import { DIALECTS } from './admission.ts';
import { takeHuaweiReport } from './intake.ts';
import type { Device } from './records.ts';
import { onceStored } from './storage/storage.ts';

const NOT_FOUND = 'IOTDA.014000';
const EXISTS = 'IOTDA.014031';
const INVALID = 'IOTDA.000006';
const NOT_ALLOWED = 'IOTDA.000022';

/** What IoTDA does with the messages of gateways about their sub-devices (reference 5.5, 9). */
export function takeHuaweiChildren(children: Children, options: ChildrenOptions): void {
  const { registry, storage, problem } = options;
  const peer = options.peers.huawei;
  const { batch } = DIALECTS.huawei.children;
  const absent = (gateway: DeviceRef, device: DeviceRef): ChildResult => ({ device, code: -1, error: NOT_FOUND, text: `${gateway} has no sub-device ${device}` });
  const tooMany = (limit: number): Omit<ChildResult, 'device'> => ({ code: -1, error: INVALID, text: `at most ${limit} devices fit into one message` });

  peer.handle('child.add', ({ via, body }) => {
    const added: Device[] = [];
    const results = body.children.map((draft): ChildResult => {
      if (!('product' in draft)) return { code: -1, error: INVALID, text: 'product_id is missing' };
      const { product, node, device } = draft;
      const named = { product, node, ...(device === undefined ? {} : { device }) };
      if (body.children.length > batch.add) return { ...named, ...tooMany(batch.add) };
      try {
        const created = registry.createDevice(recordOf(via, draft));
        added.push(created);
        return { ...infoOf(created), code: 0 };
      } catch (error) {
        if (!isLianyunError(error)) throw error;
        return { ...named, code: -1, error: error.code === 'conflict' ? EXISTS : INVALID, text: error.message };
      }
    });
    children.added('huawei', via, added);
    return onceStored(storage, { children: results });
  });

  peer.handle('child.remove', ({ via, body }) => {
    const removed: Device[] = [];
    const results = body.children.map((device): ChildResult => {
      if (body.children.length > batch.remove) return { device, ...tooMany(batch.remove) };
      if (!children.isChild('huawei', via, device)) return absent(via, device);
      removed.push(registry.device('huawei', device));
      registry.deleteDevice('huawei', device);
      return { device, code: 0 };
    });
    children.removed('huawei', via, removed);
    return onceStored(storage, { children: results });
  });

  peer.handle('child.status', ({ via, body }) => onceStored(storage, {
    children: body.children.map(({ device, online }) => {
      if (body.children.length > batch.status) return { device, ...tooMany(batch.status) };
      if (!children.isChild('huawei', via, device)) return absent(via, device);
      if (online && !registry.device('huawei', device).enabled) return { device, code: -1, error: NOT_ALLOWED, text: `${device} is frozen` };
      children.setOnline('huawei', device, online);
      return { device, online, code: 0 };
    }),
  }));

  peer.handle('child.sync', ({ via, body }) => children.sync(via, body.version));

  peer.handle('child.report', ({ via, body }) => {
    if (body.reports.length > batch.report) return problem(tooLarge(via, body.reports.length, batch.report));
    for (const { device, groups } of body.reports) {
      // A gateway may report for itself as well (reference 3.5).
      if (device === via || children.carries('huawei', via, device)) takeHuaweiReport(options, device, groups);
      else problem(notItsOwn(via, device));
    }
  });
}

function recordOf(gateway: DeviceRef, { product, node, device, name, description, info }: Extract<ChildDraft, { product: string }>): Parameters<ChildrenOptions['registry']['createDevice']>[0] {
  return {
    cloud: 'huawei',
    productId: product,
    nodeId: node,
    gateway,
    ...(device === undefined ? {} : { device }),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(isJsonObject(info) ? { extensionInfo: info } : {}),
  };
}

const notItsOwn = (gateway: DeviceRef, device: DeviceRef): LianyunError =>
  new LianyunError('not-permitted', `${gateway} reported for ${device}, which is not one of its sub-devices, or is disabled.`, { device: gateway });

const tooLarge = (gateway: DeviceRef, count: number, limit: number): LianyunError =>
  new LianyunError('too-large', `${gateway} reported for ${count} devices in one message; ${limit} are allowed.`, { device: gateway });
