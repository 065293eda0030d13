import { PUBLISH_PATH, readHttpPublish, readPublishAnswer, writeHttpPublish } from './http-publish.ts';
import { verifyTencentHttp } from './sign-in-http.ts';
import { readLegacyRegistration, readRegistrationAnswer, REGISTRATION_PATHS, sealCredential, verifyLegacyRegistration, writeRegistration } from './sign-in-registration.ts';

export type { TencentHttpMessage } from './http-publish.ts';
export type { TencentHttpAlgorithm, TencentHttpFault, TencentHttpKey, TencentHttpProof, TencentHttpRequest } from './sign-in-http.ts';
export type { LegacyRegistration, RegistrationAnswer, RegistrationForm, TencentCredential, TencentHttpCall, TencentRefusal, TencentRegistration } from './sign-in-registration.ts';

/** What Tencent's devices do over HTTP, beside MQTT: they register (reference 4) and publish (7.7). The device's end. */
export const tencentHttp = {
  /** The vendor's own gateway, for devices of the Chinese region. */
  vendorUrl: 'https://ap-guangzhou.gateway.tencentdevices.com',
  registration: { paths: REGISTRATION_PATHS, write: writeRegistration, readAnswer: readRegistrationAnswer },
  publish: { path: PUBLISH_PATH, write: writeHttpPublish, readAnswer: readPublishAnswer },
} as const;

/** The cloud's end of the same; apart, so that no device carries it. */
export const tencentHttpGateway = {
  verify: verifyTencentHttp,
  registration: { readLegacy: readLegacyRegistration, verifyLegacy: verifyLegacyRegistration, seal: sealCredential },
  publish: { read: readHttpPublish },
} as const;
