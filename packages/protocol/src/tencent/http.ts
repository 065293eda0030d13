import { LOGS_PATHS, readHttpLogs, writeHttpLogs } from './http-logs.ts';
import { PUBLISH_PATH, readHttpPublish, readPublishAnswer, writeHttpPublish } from './http-publish.ts';
import { verifyTencentHttp } from './sign-in-http.ts';
import { readLegacyLogs, verifyLegacyLogs } from './sign-in-logs.ts';
import { readLegacyRegistration, readRegistrationAnswer, REGISTRATION_PATHS, sealCredential, verifyLegacyRegistration, writeRegistration } from './sign-in-registration.ts';

export type { TencentLogLevel, TencentLogLine, TencentLogs } from './http-logs.ts';
export type { TencentHttpMessage } from './http-publish.ts';
export type { TencentHttpAlgorithm, TencentHttpFault, TencentHttpKey, TencentHttpProof, TencentHttpRequest } from './sign-in-http.ts';
export type { LegacyLogs } from './sign-in-logs.ts';
export type { LegacyRegistration, RegistrationAnswer, RegistrationForm, TencentCredential, TencentHttpCall, TencentRefusal, TencentRegistration } from './sign-in-registration.ts';

/** What Tencent's devices do over HTTP, beside MQTT: they register (reference 4), publish (7.7) and upload logs (7.6). The device's end. */
export const tencentHttp = {
  /** The vendor's own gateway, for devices of the Chinese region. */
  vendorUrl: 'https://ap-guangzhou.gateway.tencentdevices.com',
  registration: { paths: REGISTRATION_PATHS, write: writeRegistration, readAnswer: readRegistrationAnswer },
  publish: { path: PUBLISH_PATH, write: writeHttpPublish, readAnswer: readPublishAnswer },
  // What is answered has the same form.
  logs: { paths: LOGS_PATHS, write: writeHttpLogs, readAnswer: readPublishAnswer },
} as const;

/** The cloud's end of the same; apart, so that no device carries it. */
export const tencentHttpGateway = {
  verify: verifyTencentHttp,
  registration: { readLegacy: readLegacyRegistration, verifyLegacy: verifyLegacyRegistration, seal: sealCredential },
  publish: { read: readHttpPublish },
  logs: { read: readHttpLogs, readLegacy: readLegacyLogs, verifyLegacy: verifyLegacyLogs },
} as const;
