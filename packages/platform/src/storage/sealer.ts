import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import path from 'node:path';
import { LianyunError } from '@lianyun/protocol';
import { readPrivateFile, writePrivateFile } from '../private-file.ts';
import type { Database } from './database.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The first byte of what is sealed as described here. */
const FORM = 1;
const PROBE = 'the key of this database';

/** Encrypts secrets for the database: AES-256-GCM, a random nonce each, bound to the record that they belong to. */
export class Sealer {
  readonly #key: Buffer;
  readonly #file: string;

  constructor(key: Buffer, file: string) {
    this.#key = key;
    this.#file = file;
  }

  /** Encrypts `secret`. `owner` names the record: what is moved to another one cannot be opened. */
  seal(owner: string, secret: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(owner));
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(FORM), nonce, cipher.getAuthTag(), text]);
  }

  /** Undoes {@link seal}. Fails with `bad-config` when the key is another, or the value was changed or belongs to another record. */
  open(owner: string, sealed: Uint8Array): string {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    const textAt = 1 + NONCE_BYTES + TAG_BYTES;
    try {
      if (bytes[0] !== FORM) throw new Error(`unknown form ${bytes[0]}`);
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(1, 1 + NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(1 + NONCE_BYTES, textAt));
      return Buffer.concat([decipher.update(bytes.subarray(textAt)), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new LianyunError('bad-config', `The secret of ${owner} cannot be decrypted with ${this.#file}: it was changed, or written with another key.`, { cause });
    }
  }
}

/**
 * The sealer of a database: its key stands in `secrets.key` beside it, made when the database is new. Fails with `bad-config` when the key is
 * open to others, missing, damaged or not the one of this database.
 */
export function openSealer(directory: string, database: Database): Sealer {
  const file = path.join(directory, 'secrets.key');
  const seal = database.get<{ sealed: Uint8Array }>("SELECT sealed FROM seals WHERE name = 'key'")?.sealed;
  const text = readPrivateFile(file, 'The keys');
  if (text === undefined && seal !== undefined) {
    throw new LianyunError('bad-config', `The key file ${file} is missing, and the secrets in ${database.file} cannot be read without it. Put it back from a copy; if there is none, move the database away and begin anew.`);
  }
  const sealer = new Sealer(text === undefined ? make(file) : read(file, text), file);
  if (seal === undefined) database.run("INSERT INTO seals VALUES ('key', ?)", sealer.seal('key', PROBE));
  else if (!fits(sealer, seal)) {
    throw new LianyunError('bad-config', `The key in ${file} is not the one that the secrets in ${database.file} were written with. Put the right file back; if it is lost, move the database away and begin anew.`);
  }
  return sealer;
}

function make(file: string): Buffer {
  const key = randomBytes(KEY_BYTES);
  writePrivateFile(file, `${key.toString('base64')}\n`);
  return key;
}

function read(file: string, text: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64');
  // The text stays out of the message.
  if (key.length !== KEY_BYTES) throw new LianyunError('bad-config', `The key file ${file} is damaged: ${KEY_BYTES} bytes in base64 are expected. Put it back from a copy.`);
  return key;
}

function fits(sealer: Sealer, seal: Uint8Array): boolean {
  try {
    return sealer.open('key', seal) === PROBE;
  } catch {
    return false;
  }
}
