import { huawei, tencent, type AnyDialect, type Clock } from '@lianyun/protocol';
import type { Admission, Cloud, ConnectRefusal, ConnectRequest } from './access/port.ts';
import type { Registry } from './registry.ts';

/** The dialects by cloud. */
export const DIALECTS: Readonly<Record<Cloud, AnyDialect>> = { huawei, tencent };

/** Subscriptions of one connection: Huawei documents a number (reference 1.2), a Tencent gateway has those of its sub-devices. */
const MAX_SUBSCRIPTIONS: Readonly<Record<Cloud, number>> = { huawei: 100, tencent: 20_000 };

const refuse = (refusal: ConnectRefusal, why: string): Admission => ({ accepted: false, refusal, why });

/** Decides on a CONNECT: whose it is, whether the registry knows it, whether its signature is right. */
export function admit(request: ConnectRequest, registry: Registry, clock: Clock): Admission {
  // A user name that begins with the client id and `;` is Tencent's, any other client is Huawei's.
  const cloud: Cloud = request.username.startsWith(`${request.clientId};`) ? 'tencent' : 'huawei';
  const { limits, signIn, subscribe } = DIALECTS[cloud];
  const claim = signIn.claim(request);
  if (claim === undefined) return refuse('identifier-rejected', `client id and user name have not the form of a ${cloud} device`);
  const { min, max } = limits.keepaliveSeconds;
  if (request.keepaliveSeconds < min || request.keepaliveSeconds > max)
    return refuse('identifier-rejected', `${claim.device} wants a keepalive of ${request.keepaliveSeconds} s; ${cloud} takes ${min} to ${max}`);
  if (claim.scope !== undefined) return refuse('not-authorized', `${claim.device} wants to register through the group ${claim.scope}, which this platform does not do yet`);
  const device = registry.findDevice(cloud, claim.device);
  if (device === undefined) return refuse('not-authorized', `the registry has no ${cloud} device ${claim.device}`);
  if (!device.enabled) return refuse('not-authorized', `${claim.device} is disabled`);
  if (device.gateway !== undefined) return refuse('not-authorized', `${claim.device} is a sub-device and speaks through ${device.gateway}`);
  if (claim.proof === 'certificate') return refuse('bad-credentials', `${claim.device} brought no password, and this connection no certificate`);
  if (device.authType !== 'secret') return refuse('bad-credentials', `${claim.device} signs in with a certificate, not with a password`);
  const refusal = signIn.verify(request, device.secret, clock.now());
  if (refusal === 'malformed') return refuse('identifier-rejected', `the sign-in of ${claim.device} is malformed`);
  if (refusal === 'expired') return refuse('bad-credentials', `the sign-in of ${claim.device} has expired: its clock or ours is wrong`);
  if (refusal === 'bad-signature') return refuse('bad-credentials', `the password of ${claim.device} is wrong`);
  return {
    accepted: true,
    cloud,
    device: claim.device,
    limits: { payloadBytes: limits.payloadBytes, maxSubscriptions: MAX_SUBSCRIPTIONS[cloud] },
    implicit: subscribe === 'implicit',
  };
}
