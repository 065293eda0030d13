import * as v from 'valibot';
import { newDeviceSecret } from '../../ids.ts';
import { absent, object, param, readBody, text, typeIn, type Answer, type Call } from './call.ts';
import { deviceBody } from './shapes.ts';

const force = absent(v.boolean('true or false is expected'));
const primary = absent(v.literal('PRIMARY', 'this platform keeps one secret and one fingerprint a device: PRIMARY'));

const secretSchema = object({ secret: absent(v.pipe(text(32), v.minLength(8, '8 to 32 characters are expected'))), force_disconnect: force, secret_type: primary });

/** POST /devices/{device_id}/action?action_id=resetSecret: a new secret, made up if none is given (14.4, 14.6). */
export function actOnDevice(call: Call): Answer {
  typeIn(call, 'action_id', ['resetSecret']);
  const { device } = call.context.registry.device('huawei', param(call, 'device_id'));
  const { secret = newDeviceSecret('huawei'), force_disconnect: isForced = false } = call.body.length === 0 ? {} : readBody(call, secretSchema);
  call.context.registry.updateDevice('huawei', device, { secret });
  if (isForced) call.context.downlink.kick('huawei', device, 'its secret was reset');
  return { device_id: device, secret, secret_type: 'PRIMARY' };
}

const fingerprintSchema = object({
  fingerprint: v.pipe(v.string('a string is expected'), v.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i, '40 or 64 hex digits are expected')),
  force_disconnect: force,
  fingerprint_type: primary,
});

/** POST /devices/{device_id}/reset-fingerprint: the certificate that the device has from now on (14.4, 14.6). */
export function resetFingerprint(call: Call): Answer {
  const { fingerprint, force_disconnect: isForced = false } = readBody(call, fingerprintSchema);
  const device = call.context.registry.updateDevice('huawei', param(call, 'device_id'), { fingerprint });
  if (isForced) call.context.downlink.kick('huawei', device.device, 'its fingerprint was reset');
  return deviceBody(call.context, device, { secret: false });
}
