import { PUBLISH_PATH, readHttpPublish, readPublishAnswer, writeHttpPublish } from './http-publish.ts';
import { verifyTencentHttp } from './sign-in-http.ts';
import { readLegacyRegistration, readRegistrationAnswer, REGISTRATION_PATHS, sealCredential, verifyLegacyRegistration, writeRegistration } from './sign-in-registration.ts';

export type { TencentHttpMessage } from './http-publish.ts';
export type { TencentHttpAlgorithm, TencentHttpFault, TencentHttpKey, TencentHttpProof, TencentHttpRequest } from './sign-in-http.ts';
export type { LegacyRegistration, RegistrationAnswer, RegistrationForm, TencentCredential, TencentHttpCall, TencentRefusal, TencentRegistration } from './sign-in-registration.ts';

/** What Tencent's devices do over HTTP, beside MQTT: they register (reference 4) and publish (7.7). Both ends of it. */
export const tencentHttp = {
  /** The hosts of the vendor's own gateway; devices of the Chinese region. */
  vendorUrl: 'https://ap-guangzhou.gateway.tencentdevices.com',
  verify: verifyTencentHttp,
  registration: { paths: REGISTRATION_PATHS, write: writeRegistration, readAnswer: readRegistrationAnswer, readLegacy: readLegacyRegistration, verifyLegacy: verifyLegacyRegistration, seal: sealCredential },
  publish: { path: PUBLISH_PATH, write: writeHttpPublish, read: readHttpPublish, readAnswer: readPublishAnswer },
} as const;
