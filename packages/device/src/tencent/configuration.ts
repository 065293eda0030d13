import { readFileSync } from 'node:fs';
import { isJsonObject, LianyunError, type JsonObject } from '@lianyun/protocol';
import { errnoOf } from '../disk/disk.ts';
import { KeyError } from './errors.ts';

/** A sub-device that the device file names. */
export interface ConfiguredChild {
  readonly productId: string;
  readonly deviceName: string;
}

/** What `device_info.json` says (reference 8.1). */
export interface DeviceFile {
  readonly path: string;
  readonly productId: string;
  readonly deviceName: string;
  readonly productSecret: string;
  /** Undefined: the device is not registered yet, or proves itself by certificate. */
  readonly deviceSecret: string | undefined;
  /** Paths, as they stand in the file; undefined where they were never filled in. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly isCertificate: boolean;
  readonly document: JsonObject;
}

/** What the vendor's template of the file holds where nothing was filled in. */
const filledIn = (text: string): string | undefined => (text === '' || text.startsWith('YOUR_') ? undefined : text);

/** Reads a device file. Throws {@link KeyError} naming the member that is missing, `bad-config` when the file cannot be read or is no JSON. */
export function readDeviceFile(path: string): DeviceFile {
  const document = readObject(path, 'device file');
  const at = (...names: readonly string[]): string => textAt(document, names, path);
  const mode = at('auth_mode');
  const head = { productId: at('productId'), productSecret: at('productSecret'), deviceName: at('deviceName') };
  const secret = filledIn(at('key_deviceinfo', 'deviceSecret'));
  const [caFile, certFile, keyFile] = ['devCaFile', 'devCertFile', 'devPrivateKeyFile'].map((name) => filledIn(at('cert_deviceinfo', name)));
  at('region');
  // A registration may have brought a certificate where the file still says KEY.
  const isCertificate = mode === 'CERT' || (secret === undefined && certFile !== undefined && keyFile !== undefined);
  return { path, ...head, deviceSecret: isCertificate ? undefined : secret, caFile, certFile, keyFile, isCertificate, document };
}

/** Whether the device can sign in. */
export const isRegistered = ({ isCertificate, deviceSecret, certFile, keyFile }: DeviceFile): boolean => (isCertificate ? certFile !== undefined && keyFile !== undefined : deviceSecret !== undefined);

/** The sub-devices that the file names (reference 6.3): as many as `subdev_num` says. */
export function childrenIn({ document, path }: DeviceFile): ConfiguredChild[] {
  const section = memberOf(document, 'subDev', path);
  if (!isJsonObject(section)) throw new LianyunError('bad-config', `${path}: subDev is no object.`, { path: '$.subDev' });
  const count = memberOf(section, 'subdev_num', path);
  const list = memberOf(section, 'subdev_list', path);
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || !Array.isArray(list)) throw new LianyunError('bad-config', `${path}: subDev.subdev_num is a whole number, and subDev.subdev_list a list.`, { path: '$.subDev' });
  if (count > list.length) throw new LianyunError('bad-config', `${path}: subDev.subdev_num is ${count}, and subDev.subdev_list names ${list.length}.`, { path: '$.subDev.subdev_num' });
  return list.slice(0, count).map((entry) => ({ productId: textAt(entry, ['sub_productId'], path), deviceName: textAt(entry, ['sub_devName'], path) }));
}

/** Reads a JSON file that holds an object; a byte order mark before it is no matter. Throws `bad-config`, which says what is wrong with the file. */
export function readObject(path: string, what: string): JsonObject {
  const wrong = (why: string, cause?: unknown): LianyunError => new LianyunError('bad-config', `The ${what} ${path} ${why}`, { path: '$', cause });
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw wrong(`cannot be read: ${READ_FAULTS[errnoOf(cause) ?? ''] ?? String(cause)}.`, cause);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw wrong('is no text in UTF-8: save it in that encoding.', cause);
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw wrong(`is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  if (!isJsonObject(document)) throw wrong('holds no object.');
  return document;
}

const READ_FAULTS: Readonly<Record<string, string>> = { ENOENT: 'there is no such file', EISDIR: 'it is a directory', EACCES: 'this user may not read it', ENOTDIR: 'a part of its path is no directory' };

function memberOf(value: unknown, name: string, file: string): unknown {
  if (!isJsonObject(value) || !Object.hasOwn(value, name)) throw new KeyError(`'${name}' is missing in ${file}`);
  return value[name];
}

function textAt(value: unknown, names: readonly string[], file: string): string {
  const wrong = (depth: number, expected: string): LianyunError => new LianyunError('bad-config', `${file}: ${names.slice(0, depth).join('.')} is no ${expected}.`, { path: `$.${names.slice(0, depth).join('.')}` });
  let current = value;
  for (const [depth, name] of names.entries()) {
    if (depth > 0 && !isJsonObject(current)) throw wrong(depth, 'object');
    current = memberOf(current, name, file);
  }
  if (typeof current !== 'string') throw wrong(names.length, 'text');
  return current;
}
