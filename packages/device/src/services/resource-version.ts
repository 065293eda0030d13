import { isLianyunError, type ResourceVersion } from '@lianyun/protocol';

/** A version of a resource that the cloud wants on the device. */
export interface ResourceUpdate extends Readonly<ResourceVersion> {
  readonly url: string;
  readonly bytes?: number;
  /** Hex digits. */
  readonly md5?: string;
}

export const MAX_NAME_BYTES = 255;
const MAX_VERSION = 32;

/** A resource without what else stands beside it. */
export function versionOf({ name, version, type }: { readonly name: string; readonly version?: string | undefined; readonly type?: string | undefined }): ResourceVersion {
  return { name, ...(version === undefined ? {} : { version }), ...(type === undefined ? {} : { type }) };
}

/** What is wrong with a resource that the program names. */
export function faultIn(resource: unknown): string | undefined {
  const { name, version, type } = (resource ?? {}) as Partial<Record<string, unknown>>;
  if (typeof name !== 'string' || name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES) return `A resource needs a name of 1 to ${MAX_NAME_BYTES} bytes.`;
  if (typeof version !== 'string' || version === '' || version.length > MAX_VERSION) return `The resource ${JSON.stringify(name)} needs a version of 1 to ${MAX_VERSION} characters.`;
  if (type !== undefined && typeof type !== 'string') return `The type of the resource ${JSON.stringify(name)} is no text: FILE, AUDIO, VOICE or VIDEO is expected.`;
  return undefined;
}

/** Whether a removal failed because there is nothing to remove. */
export function isGone(error: unknown): boolean {
  return isLianyunError(error, 'not-found') || (error instanceof Error && 'code' in error && error.code === 'ENOENT');
}
