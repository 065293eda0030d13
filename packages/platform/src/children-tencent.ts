import { LianyunError, type ChildDraft, type DeviceRef } from '@lianyun/protocol';
import type { Children, ChildrenOptions } from './children.ts';
import { DIALECTS } from './admission.ts';
import { onceStored } from './storage/storage.ts';

/** Product type of gateways (reference 10.6). */
const GATEWAY = 5;

/** Results of operations on sub-devices (reference 3.7). */
const OK = 0;
const NOT_BOUND = -1;
const WRONG_REQUEST = 801;
const NO_DEVICE = 802;
const WRONG_SIGNATURE = 803;
const UNKNOWN_METHOD = 804;
const EXPIRED = 805;
const BOUND_ELSEWHERE = 806;
const NO_ORDINARY_DEVICE = 807;
const NOT_PERMITTED = 808;
const BOUND_ALREADY = 809;

const FAULTS = { 'unknown-method': UNKNOWN_METHOD, 'bad-signature': WRONG_SIGNATURE, expired: EXPIRED } as const;

/** What IoT Explorer does with the messages of gateways about their sub-devices (reference 3). */
export function takeTencentChildren(children: Children, { peers: { tencent: peer }, registry, storage, clock, problem }: ChildrenOptions): void {
  const isGateway = (device: DeviceRef): boolean => registry.product('tencent', registry.device('tencent', device).productId).productType === GATEWAY;

  const bind = (gateway: DeviceRef, draft: ChildDraft): number => {
    if (!('signature' in draft)) return WRONG_REQUEST;
    const child = registry.findDevice('tencent', draft.device);
    if (child === undefined || !child.enabled) return NO_DEVICE;
    if (isGateway(child.device)) return NO_ORDINARY_DEVICE;
    // The digest of its certificate is a certificate device's secret (reference 3.2).
    const secret = draft.proof === 'psk' ? child.secret : (child.fingerprint ?? '');
    const fault = DIALECTS.tencent.children.signing?.verify(draft, secret, clock.now());
    if (fault !== undefined) return FAULTS[fault];
    if (child.gateway !== undefined) return child.gateway === gateway ? BOUND_ALREADY : BOUND_ELSEWHERE;
    registry.updateDevice('tencent', child.device, { gateway });
    return OK;
  };

  /** Does it with a device that is bound to the gateway. */
  const ofMine = (gateway: DeviceRef, device: DeviceRef, run: () => void): { readonly device: DeviceRef; readonly code: number } => {
    const child = registry.findDevice('tencent', device);
    if (child?.gateway === gateway) run();
    return { device, code: child === undefined ? NO_DEVICE : child.gateway === gateway ? OK : NOT_BOUND };
  };

  peer.handle('child.add', ({ via, body }) => onceStored(storage, {
    children: body.children.flatMap((draft) => (draft.device === undefined ? [] : [{ device: draft.device, code: isGateway(via) ? bind(via, draft) : NOT_PERMITTED }])),
  }));

  peer.handle('child.remove', ({ via, body }) => onceStored(storage, {
    children: body.children.map((device) => ofMine(via, device, () => children.release('tencent', device))),
  }));

  peer.handle('child.status', ({ via, body }) => onceStored(storage, {
    children: body.children.map(({ device, online }) => ({
      online,
      ...(online && registry.findDevice('tencent', device)?.enabled === false ? { device, code: NO_DEVICE } : ofMine(via, device, () => {
        registry.updateDevice('tencent', device, { wantsOnline: online });
        children.setOnline('tencent', device, online);
      })),
    })),
  }));

  peer.handle('child.list', ({ via }) => ({ children: registry.childrenOf('tencent', via).map(({ device }) => device) }));

  peer.handle('child.notify.ack', ({ via, body }) => {
    if (body.code !== OK) problem(new LianyunError('refused', `${via} refused to hear of its sub-devices with code ${body.code}.`, { device: via, number: body.code }));
  });
}
