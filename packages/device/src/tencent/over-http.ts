import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isJsonObject, isLianyunError, tencentHttp, type Clock, type JsonObject, type TencentCredential } from '@lianyun/protocol';
import { writeAtomically } from '../disk/atomic-file.ts';
import { diskError, systemDisk } from '../disk/disk.ts';
import type { TlsInput } from '../net/tls-options.ts';
import { requestCredential } from '../registration/register.late.ts';
import { publishOverHttp } from '../http/send.late.ts';
import { readDeviceFile, type DeviceFile } from './configuration.ts';
import { serialise } from './serialise.ts';

/** What a request over HTTP needs beside what it says. */
export interface HttpSurroundings {
  readonly isTls: boolean;
  /** Where to, instead of the vendor's host: a URL with its path. */
  readonly url: string | null | undefined;
  readonly ca: TlsInput | readonly TlsInput[] | undefined;
  /** Seconds. */
  readonly timeout: number;
  readonly clock: Clock;
}

/** A message over HTTP. */
export interface HttpMessage {
  readonly topic: string | null | undefined;
  readonly payload: unknown;
  readonly qos: 0 | 1;
}

const FAILED = -1;
const CERTIFICATE_FILE = 'cert.txt';
const KEY_FILE = 'privateKey.txt';

/** Registers a device, and writes what it got into its file: `[0, secret]`, `[0, "success"]` for a certificate, `[-1, why]`. */
export async function register(file: DeviceFile, surroundings: HttpSurroundings): Promise<[rc: number, text: string]> {
  const { productId, deviceName, productSecret } = file;
  try {
    const target = common(surroundings);
    // Each API has a path of its own (reference 4.1, 4.2).
    const form = URL.canParse(target.url) && new URL(target.url).pathname === tencentHttp.registration.paths.legacy ? 'legacy' : 'current';
    const { credential } = await requestCredential({ productId, deviceName, productSecret, form, ...target });
    await keep(file, credential);
    return [0, 'deviceSecret' in credential ? credential.deviceSecret : 'success'];
  } catch (error) {
    return [FAILED, reasonIn(error)];
  }
}

/** Publishes a message over HTTP: `[0, what the cloud answers]`, `[-1, why]`. */
export async function publish(file: DeviceFile, { topic, payload, qos }: HttpMessage, surroundings: HttpSurroundings): Promise<[rc: number, answer: JsonObject | string]> {
  const { productId, deviceName, deviceSecret, keyFile, isCertificate } = file;
  const proof = isCertificate ? { privateKey: readFileSync(keyFile ?? '') } : { deviceSecret: deviceSecret ?? '' };
  const text = payload === null || payload === undefined ? 'test' : typeof payload === 'string' || payload instanceof Uint8Array ? payload : serialise(payload);
  try {
    const { requestId } = await publishOverHttp({ productId, deviceName, ...proof, topic: topic ?? `${productId}/${deviceName}/data`, payload: text, qos, ...common(surroundings) });
    return [0, requestId === undefined ? {} : { RequestId: requestId }];
  } catch (error) {
    return [FAILED, reasonIn(error)];
  }
}

function common({ isTls, url, ca, timeout, clock }: HttpSurroundings): { url: string; deadlineMs: number; clock: Clock; tls?: { ca: TlsInput | readonly TlsInput[] } } {
  const vendor = isTls ? tencentHttp.vendorUrl : tencentHttp.vendorUrl.replace(/^https:/, 'http:');
  const target = url ?? vendor;
  return { url: target, deadlineMs: timeout * 1000, clock, ...(ca === undefined || !target.startsWith('https:') ? {} : { tls: { ca } }) };
}

/** What the cloud says, or what is wrong with what it sent. Throws what kept the request from being answered. */
function reasonIn(error: unknown): string {
  if (isLianyunError(error, 'refused') && isJsonObject(error.cause) && typeof error.cause['text'] === 'string') return error.cause['text'];
  if (isLianyunError(error, 'bad-response') && error.place.number === undefined) return error.message;
  throw error;
}

async function keep(file: DeviceFile, credential: TencentCredential): Promise<void> {
  const document = latest(file);
  let got: JsonObject;
  if ('deviceSecret' in credential) got = { key_deviceinfo: { ...membersOf(document, 'key_deviceinfo'), deviceSecret: credential.deviceSecret } };
  else {
    const [devCertFile, devPrivateKeyFile] = placesFor(file);
    await write(devCertFile, credential.certificate);
    await write(devPrivateKeyFile, credential.privateKey);
    got = { cert_deviceinfo: { ...membersOf(document, 'cert_deviceinfo'), devCertFile, devPrivateKeyFile } };
  }
  await write(file.path, `${JSON.stringify({ ...document, ...got }, undefined, 2)}\n`);
}

/** What the file says now: it may have been changed since it was read. One that cannot be read any more is written as it was: a secret is given once. */
function latest({ path, document }: DeviceFile): JsonObject {
  try {
    return readDeviceFile(path).document;
  } catch {
    return document;
  }
}

/** Where a certificate and its key go: the working directory, under the vendor's names, or under the device's own where another device has those. */
function placesFor({ productId, deviceName, certFile, keyFile }: DeviceFile): readonly [certificate: string, key: string] {
  const place = (name: string): string => path.join(process.cwd(), name);
  const usual = [place(CERTIFICATE_FILE), place(KEY_FILE)] as const;
  const own = [certFile, keyFile].map((file) => (file === undefined ? undefined : path.resolve(file)));
  if (usual.every((file, index) => file === own[index] || !existsSync(file))) return usual;
  // What a device's name may have beside letters and digits, a file's may have as well, but for the colon.
  const prefix = `${productId}_${deviceName}`.replaceAll(':', '_');
  return [place(`${prefix}_${CERTIFICATE_FILE}`), place(`${prefix}_${KEY_FILE}`)];
}

const membersOf = (document: JsonObject, name: string): JsonObject => (isJsonObject(document[name]) ? document[name] : {});

async function write(file: string, text: string): Promise<void> {
  try {
    await writeAtomically(systemDisk(), file, text);
  } catch (cause) {
    throw diskError(`${file} cannot be written`, cause);
  }
}
