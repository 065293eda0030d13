import { createHash } from 'node:crypto';
import path from 'node:path';

/** Longest name that every file system takes, bytes. */
const MAX_BYTES = 200;
/** Names of devices on Windows, with any extension. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;

/**
 * A name that stays in its directory, whatever the cloud called the file: letters, digits, `-`, `_`, `+` and single dots inside; anything else becomes `_`.
 * Different texts may give the same name. `fallback` is for a text of which nothing is left.
 */
export function safeFileName(text: string, fallback = 'file'): string {
  const safe = text
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}.+_-]/gu, '_')
    .replace(/\.{2,}/g, '.')
    .replace(/^[.\s]+|[.\s]+$/g, '');
  let name = safe;
  while (Buffer.byteLength(name) > MAX_BYTES) name = [...name].slice(0, -1).join('');
  name = name.replace(/\.+$/, '');
  if (name === '') return fallback;
  return RESERVED.test(name) ? `_${name}` : name;
}

/** The same, and different texts give different names: what had to be changed gets eight digits of its own before its extension. */
export function distinctFileName(text: string): string {
  const safe = safeFileName(text);
  if (safe === text) return safe;
  const { name, ext } = path.parse(safe);
  return `${name}-${createHash('sha256').update(text).digest('hex').slice(0, 8)}${ext}`;
}
