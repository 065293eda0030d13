import path from 'node:path';
import { LianyunError } from '@lianyun/protocol';
import * as v from 'valibot';
import type { Cloud } from './access/port.ts';
import { newAccessKey } from './ids.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

/** A pair that signs API requests. */
export interface AccessKey {
  /** Huawei's AK, Tencent's SecretId. */
  readonly id: string;
  readonly secret: string;
}

export interface AccessKeys {
  readonly huawei: readonly AccessKey[];
  readonly tencent: readonly AccessKey[];
  /** The file that keeps the generated pairs; left out when the seed gave pairs for both clouds. */
  readonly file?: string;
}

const CLOUDS: readonly Cloud[] = ['huawei', 'tencent'];
const keySchema = v.object({ id: v.pipe(v.string(), v.minLength(1)), secret: v.pipe(v.string(), v.minLength(1)) });
const fileSchema = v.object({ huawei: v.optional(keySchema), tencent: v.optional(keySchema) });
type Kept = v.InferOutput<typeof fileSchema>;
type Given = Partial<Record<Cloud, readonly AccessKey[]>>;

/**
 * The access keys of both clouds: those of the seed; for a cloud without any, the pair kept in `access-keys.json` under `directory`, which is made
 * there (mode 0600) if need be. Fails with `bad-config` when that file is damaged or open to other users.
 */
export function loadAccessKeys(directory: string, given: Given = {}): AccessKeys {
  const missing = missingIn(given);
  if (missing.length === 0) return filledUp(given, {});
  const file = fileIn(directory);
  const kept = readKept(file);
  const made = missing.filter((cloud) => kept[cloud] === undefined);
  for (const cloud of made) kept[cloud] = newAccessKey(cloud);
  if (made.length > 0) writePrivateFile(file, `${JSON.stringify(kept, undefined, 2)}\n`);
  return { ...filledUp(given, kept), file };
}

/** The same for who asks a platform that runs: no pair is made, a cloud without any has none. Fails as {@link loadAccessKeys}. */
export function readAccessKeys(directory: string, given: Given = {}): AccessKeys {
  return filledUp(given, missingIn(given).length === 0 ? {} : readKept(fileIn(directory)));
}

const fileIn = (directory: string): string => path.join(directory, 'access-keys.json');
const missingIn = (given: Given): Cloud[] => CLOUDS.filter((cloud) => (given[cloud] ?? []).length === 0);

/** What was given, and for a cloud without any the pair that is kept. */
function filledUp(given: Given, kept: Kept): AccessKeys {
  const pairs = (cloud: Cloud): readonly AccessKey[] => ((given[cloud] ?? []).length > 0 ? (given[cloud] ?? []) : [kept[cloud] ?? []].flat());
  return { huawei: pairs('huawei'), tencent: pairs('tencent') };
}

function readKept(file: string): Kept {
  const text = readPrivateFile(file, 'The access keys');
  if (text === undefined) return {};
  try {
    return v.parse(fileSchema, JSON.parse(text));
  } catch {
    // The cause would carry the text, and with it the secrets.
    throw new LianyunError('bad-config', `The access keys in ${file} cannot be read; restore the file, or delete it to have new keys made.`);
  }
}
