// What Tencent's devices do over HTTP: the answers that the recorded server gave, made again from what they led to.
import { createCipheriv } from 'node:crypto';
import { tencentHttp, tencentHttpGateway } from '@lianyun/protocol';
import type { Case } from '../transcript.ts';
import type { HttpAnswer } from '../wire.ts';
import { as, type Members, type Scene } from './scene.ts';

/** Registers the device, which has a file of its own in every case. */
export async function dynregDevice(stage: Scene, recorded: Case): Promise<unknown> {
  const { call } = recorded;
  const explorer = await stage.make({ tls: isTls(recorded), ...call });
  stage.options.wire.answer = () => registrationAnswer(stage, recorded);
  return explorer.dynregDevice(10, as(call['dynregDomain'] ?? null));
}

export function httpDevice(stage: Scene, recorded: Case): Promise<unknown> {
  const { topicName, payload = bodyOf(recorded)?.['Payload'], qos, httpDomain } = recorded.call;
  stage.options.wire.answer = () => answerOf(stage, recorded, (returned) => ({ Response: returned }));
  return stage.explorer.httpDevice(as(topicName ?? null), as(payload ?? null), as(qos ?? 0), 10, as(httpDomain ?? null));
}

const isTls = ({ dial }: Case): boolean => (dial as { port: number }[] | undefined)?.[0]?.port === 443;

/** What was sent where the call does not say it. */
function bodyOf({ http }: Case): Members | undefined {
  try {
    return JSON.parse((http as { body: string }[])[0]?.body ?? '') as Members;
  } catch {
    return undefined;
  }
}

function registrationAnswer(stage: Scene, recorded: Case): HttpAnswer {
  const { productSecret } = stage;
  return answerOf(stage, recorded, (returned) => {
    const { responsePayload: given } = recorded.call;
    if (typeof given === 'string' && isFor(given, returned, productSecret)) return { Response: { Len: 0, Payload: given } };
    const credential = returned === 'success' ? { certificate: 'CERTIFICATE', privateKey: 'KEY' } : { deviceSecret: String(returned) };
    const { bytes, payload } = tencentHttpGateway.registration.seal(credential, productSecret);
    return { Response: { Len: bytes, Payload: payload } };
  });
}

/** Whether a recorded payload was encrypted with the product's secret that we know of: a transcript need not tell it. */
function isFor(payload: string, returned: unknown, productSecret: string): boolean {
  try {
    const answer = tencentHttp.registration.readAnswer(JSON.stringify({ Response: { Len: 0, Payload: payload } }), productSecret);
    if (!('credential' in answer)) return false;
    return 'deviceSecret' in answer.credential ? answer.credential.deviceSecret === returned : returned === 'success';
  } catch {
    return false;
  }
}

/** The answer that led to what the call returned. */
function answerOf({ productSecret }: Scene, { returns, error }: Case, accepted: (returned: unknown) => object): HttpAnswer {
  const status = /HTTP Error (\d+)/.exec((error as { message: string } | null)?.message ?? '')?.[1];
  if (status !== undefined) return { status: Number(status), body: '' };
  if (!Array.isArray(returns)) return { status: 200, body: JSON.stringify(accepted('bmV3LWRldmljZS1wc2s=')) };
  const [rc, returned] = returns as [number, unknown];
  if (rc === 0) return { status: 200, body: JSON.stringify(accepted(returned)) };
  if (returned === 'payload is null') return { status: 200, body: JSON.stringify({ Response: { Len: 0, Payload: '' } }) };
  if (returned === 'encryptionType is other type') return { status: 200, body: JSON.stringify({ Response: { Len: 20, Payload: sealed('{"encryptionType":3} ', productSecret) } }) };
  return { status: 200, body: JSON.stringify({ Response: { Error: { Code: 'X', Message: returned } } }) };
}

/** A document that no registration gives (reference 4.1). */
function sealed(text: string, productSecret: string): string {
  const cipher = createCipheriv('aes-128-cbc', productSecret.slice(0, 16), '0'.repeat(16)).setAutoPadding(false);
  const padded = Buffer.alloc(Math.ceil(text.length / 16) * 16);
  padded.write(text);
  return Buffer.concat([cipher.update(padded), cipher.final()]).toString('base64');
}
