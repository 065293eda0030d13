import type { FastifyInstance, FastifyRequest } from 'fastify';
import { secretsOf, type NorthContext } from '../context.ts';
import { incoming } from '../incoming.ts';
import { nearest } from '../../nearest.ts';
import { refusal } from '../refusal.ts';
import type { SecretOf, SignatureFault, SignedRequest, Verdict } from '../signed-request.ts';
import type { Action } from './action.ts';
import { VERSIONS } from './actions.ts';
import { sendTencentFault, tencentCodeOf } from './fault.ts';
import { parametersOf, type Given } from './parameters.ts';
import { readParameters, verifyTencent, verifyTencentParameters } from './signature.ts';

const FAULTS: Readonly<Record<SignatureFault, string>> = {
  missing: 'AuthFailure.InvalidAuthorization',
  malformed: 'AuthFailure.InvalidAuthorization',
  'unknown-key': 'AuthFailure.SecretIdNotFound',
  mismatch: 'AuthFailure.SignatureFailure',
  expired: 'AuthFailure.SignatureExpire',
};

/** Tencent's Cloud API 3.0 for IoT Explorer (10): every action at `/`. */
export function tencentNorth(app: FastifyInstance, context: NorthContext): void {
  const secretOf = secretsOf(context, 'tencent');
  // Any other status is one that the vendor's clients cannot read.
  app.route({ method: ['PUT', 'PATCH', 'DELETE', 'OPTIONS'], url: '/', handler: (request, reply) => sendTencentFault(reply, refusal('UnsupportedProtocol', `GET or POST is expected, ${request.method} is given.`)) });
  app.route({
    method: ['GET', 'POST'],
    url: '/',
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      try {
        const { action, given } = read(request, secretOf, context.clock.now());
        const fields = await action.run(given, context, { host: request.headers.host ?? 'localhost' });
        return await reply.code(200).send({ Response: { ...fields, RequestId: request.id } });
      } catch (error) {
        if (tencentCodeOf(error) === 'InternalError') request.log.error({ err: error }, 'request failed');
        return await sendTencentFault(reply, error);
      }
    },
  });
}

/** Verifies the signature, and finds the action and its parameters, in whichever of the ways a request can carry them (10.2). */
function read(request: FastifyRequest, secretOf: SecretOf, now: number): { readonly action: Action; readonly given: Given } {
  const raw = incoming(request);
  const text = textParameters(raw);
  const isOld = raw.headers['authorization'] === undefined && text?.has('Signature') === true;
  const verdict: Verdict = isOld
    ? verifyTencentParameters({ method: raw.method, host: raw.headers['host'] ?? '', path: '/', parameters: text }, secretOf, now)
    : verifyTencent(raw, secretOf, now);
  if ('fault' in verdict) throw refusal(FAULTS[verdict.fault], verdict.why);
  const name = (isOld ? undefined : raw.headers['x-tc-action']) ?? text?.get('Action');
  const version = (isOld ? undefined : raw.headers['x-tc-version']) ?? text?.get('Version');
  if (name === undefined) throw refusal('MissingParameter', 'The request does not say which action it wants: X-TC-Action is missing.');
  if (version === undefined) throw refusal('MissingParameter', 'The request does not say its version: X-TC-Version is missing.');
  const actions = VERSIONS.get(version);
  if (actions === undefined) throw refusal('NoSuchVersion', `There is no version ${JSON.stringify(version)} of this API; one of ${[...VERSIONS.keys()].join(', ')} is expected.`);
  const action = actions.get(name);
  if (action === undefined) {
    const near = nearest(name, [...actions.keys()]);
    throw refusal('InvalidAction', `There is no action ${JSON.stringify(name)} here${near === undefined ? '' : `; did you mean ${near}?`}`);
  }
  return { action, given: text === undefined ? parametersOf(raw.body) : { from: 'text', values: text } };
}

/** The parameters of a query or a form; undefined when the request has a JSON body. */
function textParameters({ method, url, headers, body }: SignedRequest): ReadonlyMap<string, string> | undefined {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  if (method !== 'GET' && !isForm) return undefined;
  const parameters = readParameters(method === 'GET' ? url.slice(url.indexOf('?') < 0 ? url.length : url.indexOf('?') + 1) : body.toString('utf8'));
  if (parameters === undefined) throw refusal('InvalidParameter', 'The parameters are not encoded properly, or one of them stands twice.');
  return parameters;
}
