import { huawei, tencent, type AnyDialect, type Claim, type Clock } from '@lianyun/protocol';
import type { Admission, Cloud, ConnectRefusal, ConnectRequest } from './access/port.ts';
import type { Provisioning } from './provisioning/provisioning.ts';
import type { Device } from './records.ts';
import type { Registry } from './registry.ts';

/** The dialects by cloud. */
export const DIALECTS: Readonly<Record<Cloud, AnyDialect>> = { huawei, tencent };

/** Subscriptions of one connection: Huawei documents a number (reference 1.2), a Tencent gateway has those of its sub-devices. */
const MAX_SUBSCRIPTIONS: Readonly<Record<Cloud, number>> = { huawei: 100, tencent: 20_000 };

interface AdmitOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  /** Judges who comes through a registration group. */
  readonly provisioning: Pick<Provisioning, 'judge'>;
}

const refuse = (refusal: ConnectRefusal, why: string): Admission => ({ accepted: false, refusal, why });

/** Decides on a CONNECT: whose it is, whether the registry knows it, whether its signature is right. */
export function admit(asked: ConnectRequest, { registry, clock, provisioning }: AdmitOptions): Admission {
  const clientId = asked.clientId === '' ? madeUpId(asked.username, clock) : undefined;
  if (asked.clientId === '' && clientId === undefined) return refuse('identifier-rejected', 'the client id is empty, and the user name is not that of a device');
  const request = clientId === undefined ? asked : { ...asked, clientId };
  // A user name that begins with the client id and `;` is Tencent's, any other client is Huawei's.
  const cloud: Cloud = request.username.startsWith(`${request.clientId};`) ? 'tencent' : 'huawei';
  const { limits, signIn, subscribe } = DIALECTS[cloud];
  const claim = signIn.claim(request);
  if (claim === undefined) return refuse('identifier-rejected', `client id and user name have not the form of a ${cloud} device`);
  const { min, max } = limits.keepaliveSeconds;
  const keepaliveSeconds = Math.max(min, Math.min(max, request.keepaliveSeconds));
  // Huawei documents that it refuses, in every version (1.2, 1.6); nobody says so of Tencent, and MQTT 5 has words for it.
  const isGiven = keepaliveSeconds !== request.keepaliveSeconds && cloud === 'tencent' && request.version === 5;
  if (keepaliveSeconds !== request.keepaliveSeconds && !isGiven)
    return refuse('identifier-rejected', `${claim.device} wants a keepalive of ${request.keepaliveSeconds} s; ${cloud} takes ${min} to ${max}`);
  if (claim.scope !== undefined) {
    const { device, scope } = claim;
    // What is for the device is not for who only asks where to connect.
    return provisioning.judge(request, scope, device) ?? { accepted: true, cloud, device, scope, limits: { payloadBytes: limits.payloadBytes, maxSubscriptions: 1 }, implicit: false };
  }
  const device = registry.findDevice(cloud, claim.device);
  if (device === undefined) return refuse('not-authorized', `the registry has no ${cloud} device ${claim.device}`);
  if (!device.enabled) return refuse('not-authorized', `${claim.device} is disabled`);
  if (device.gateway !== undefined) return refuse('not-authorized', `${claim.device} is a sub-device and speaks through ${device.gateway}`);
  if (device.secureAccess && !request.proof.isSecure) return refuse('not-authorized', `${claim.device} may connect over TLS only (secure_access)`);
  const why = device.authType === 'certificate' ? judgeCertificate(request, device, clock.now()) : judgeSecret(request, claim, device, clock.now());
  if (why !== undefined) return why;
  return {
    accepted: true,
    cloud,
    device: claim.device,
    limits: { payloadBytes: limits.payloadBytes, maxSubscriptions: MAX_SUBSCRIPTIONS[cloud] },
    implicit: subscribe === 'implicit',
    ...(clientId === undefined && !isGiven ? {} : { given: { ...(clientId === undefined ? {} : { clientId }), ...(isGiven ? { keepaliveSeconds } : {}) } }),
  };
}

/** The client id of a device that left it to the server (MQTT 5 section 3.1.3.1), by its user name: Huawei's as of this hour. */
function madeUpId(username: string, clock: Clock): string | undefined {
  const context = { now: clock.now(), random: () => clock.random() };
  try {
    const [name = '', ...rest] = username.split(';');
    if (rest.length > 0) return tencent.signIn.credentials({ productId: name.slice(0, 10), deviceName: name.slice(10), certificate: true }, context).clientId;
    return huawei.signIn.credentials({ deviceId: username, certificate: true }, context).clientId;
  } catch {
    return undefined;
  }
}

/** The TLS-PSK key of an identity: that of an enabled device of Tencent with a key (1.4). */
export function keyOf(identity: string, registry: Registry): Uint8Array | undefined {
  const device = registry.findDevice('tencent', `${identity.slice(0, 10)}/${identity.slice(10)}`);
  return device?.enabled === true && device.authType === 'secret' && device.gateway === undefined ? Buffer.from(device.secret, 'base64') : undefined;
}

/** What is wrong with the password; undefined when nothing is. Who has proven by the key itself who it is needs none (Tencent 1.4). */
function judgeSecret(request: ConnectRequest, { proof }: Claim, { cloud, device, secret }: Device, now: number): Admission | undefined {
  if (cloud === 'tencent' && request.proof.keyIdentity === request.clientId) return undefined;
  if (proof === 'certificate') return refuse('bad-credentials', `${device} signs in with a password, and brought none`);
  const refusal = DIALECTS[cloud].signIn.verify(request, secret, now);
  if (refusal === 'malformed') return refuse('identifier-rejected', `the sign-in of ${device} is malformed`);
  if (refusal === 'expired') return refuse('bad-credentials', `the sign-in of ${device} has expired: its clock or ours is wrong`);
  if (refusal === 'bad-signature') return refuse('bad-credentials', `the password of ${device} is wrong`);
  return undefined;
}

/**
 * What is wrong with the certificate; undefined when nothing is. The fingerprint that the registry has decides (Huawei 1.4); a Tencent device
 * without one is known by the common name of a certificate that this platform's authority signed (Tencent 1.3). A password beside it is ignored.
 */
function judgeCertificate({ clientId, proof: { certificate } }: ConnectRequest, { cloud, device, fingerprint }: Device, now: number): Admission | undefined {
  if (certificate === undefined) return refuse('bad-credentials', `${device} signs in with a certificate, and this connection brought none`);
  if (fingerprint !== undefined) {
    const wanted = fingerprint.toLowerCase();
    if (wanted !== certificate.sha1 && wanted !== certificate.sha256) return refuse('bad-credentials', `the certificate of this connection is not that of ${device}: its SHA-256 fingerprint is ${certificate.sha256}`);
  } else if (cloud === 'huawei') return refuse('bad-credentials', `${device} signs in with a certificate, and the registry has no fingerprint of it`);
  else if (!certificate.isOwn) return refuse('bad-credentials', `the registry has no fingerprint of ${device}, and this platform's authority did not sign the certificate of this connection`);
  else if (certificate.commonName !== clientId) return refuse('bad-credentials', `the certificate of this connection is for ${JSON.stringify(certificate.commonName ?? '')}, not for ${clientId}`);
  if (now < certificate.notBefore) return refuse('bad-credentials', `the certificate of ${device} is not valid before ${new Date(certificate.notBefore).toISOString()}`);
  if (now > certificate.notAfter) return refuse('bad-credentials', `the certificate of ${device} expired on ${new Date(certificate.notAfter).toISOString()}`);
  return undefined;
}
