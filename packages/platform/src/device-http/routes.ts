import { tencentHttp, type TencentHttpRequest } from '@lianyun/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { incoming } from '../north/incoming.ts';
import { refusal } from '../north/refusal.ts';
import { sendTencentFault, tencentCodeOf } from '../north/tencent/fault.ts';
import type { DeviceHttp, Registered } from './device-http.ts';

const { current: REGISTER, legacy: LEGACY } = tencentHttp.registration.paths;
const { current: LOGS, legacy: LEGACY_LOGS } = tencentHttp.logs.paths;

/** What the older API calls every failure; the text has the code. */
const FAILED = -1;

/** Whether a request target belongs to Tencent's devices. */
export const isDevicePath = (url: string): boolean => [REGISTER, LEGACY, LOGS, LEGACY_LOGS, tencentHttp.publish.path].includes(pathOf(url));

/** The HTTP gateway of Tencent's devices: registration and logs in both forms, and publishing (reference 4, 7.6, 7.7). Always HTTP 200. */
export function deviceHttp(app: FastifyInstance, devices: DeviceHttp): void {
  app.post(REGISTER, async (request, reply) => {
    try {
      const { bytes, payload, isNew } = devices.register(signed(request));
      return await reply.send({ Response: { Len: bytes, Payload: payload, State: isNew ? 0 : 1, RequestId: request.id } });
    } catch (error) {
      return await sendTencentFault(reply, error);
    }
  });

  app.post(tencentHttp.publish.path, async (request, reply) => {
    try {
      await devices.publish(signed(request));
      return await reply.send({ Response: { RequestId: request.id } });
    } catch (error) {
      return await sendTencentFault(reply, error);
    }
  });

  app.post(LOGS, async (request, reply) => {
    try {
      devices.takeLogs(signed(request));
      return await reply.send({ Response: { RequestId: request.id } });
    } catch (error) {
      return await sendTencentFault(reply, error);
    }
  });

  app.post(LEGACY_LOGS, (request, reply) => {
    try {
      devices.takeLegacyLogs(bodyOf(request));
    } catch (error) {
      return reply.send({ Retcode: FAILED, Message: `${tencentCodeOf(error)}: ${error instanceof Error ? error.message : ''}` });
    }
    return reply.send({ Retcode: 0 });
  });

  // Whatever type its body is said to have: the vendor's C SDK says that it is a form (4.2).
  app.post(LEGACY, (request, reply) => {
    let answer: Registered;
    try {
      answer = devices.registerLegacy(bodyOf(request));
    } catch (error) {
      return reply.send({ code: FAILED, message: `${tencentCodeOf(error)}: ${error instanceof Error ? error.message : ''}` });
    }
    return reply.send({ code: 0, message: '', len: answer.bytes, payload: answer.payload });
  });
}

function signed(request: FastifyRequest): TencentHttpRequest {
  const { headers, body } = incoming(request);
  const type = headers['content-type'];
  if (type !== undefined && !/^application\/json\s*(;|$)/i.test(type)) throw refusal('InvalidParameter', `The body is ${JSON.stringify(type.slice(0, 100))}; application/json is expected.`);
  return { host: headers['host'] ?? '', path: pathOf(request.originalUrl), headers, body };
}

const bodyOf = ({ body }: FastifyRequest): Buffer => (Buffer.isBuffer(body) ? body : Buffer.alloc(0));

const pathOf = (url: string): string => url.split('?', 1)[0] ?? '';
