import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { isJsonObject, LianyunError, type FileDirection, type JsonObject, type Message } from '@lianyun/protocol';
import { systemDisk } from '../disk/disk.ts';
import { openSource } from '../upload/upload.late.ts';
import { UrlInfo } from './data.ts';
import { checked } from './values.ts';
import type { ActionListener, FileManagerListener } from './listeners.ts';
import { given, type Speaker } from './speaker.ts';

/** Files in object storage (seed 1.5, Huawei 5.4, 8). */
export class FileManagerService {
  readonly #speaker: Speaker;
  readonly #uploads = new Map<string, string>();
  readonly #downloads = new Map<string, string>();
  #listener: FileManagerListener | undefined;

  /** @internal */
  constructor(speaker: Speaker) {
    this.#speaker = speaker;
    speaker.core.peer.handle('file.grant', (message) => this.#onGrant(message));
  }

  /** Registers what takes the URLs (seed 9.1); null takes it back. */
  setListener(listener: FileManagerListener | null): void {
    this.#listener = checked(listener, 'setListener', ['onUploadUrl', 'onDownloadUrl']);
  }

  getListener(): FileManagerListener | undefined {
    return this.#listener;
  }

  /** Files that {@link uploadFile} and {@link downloadFile} named: paths by file name. */
  get uploadFileDict(): ReadonlyMap<string, string> {
    return this.#uploads;
  }

  get downloadFileDict(): ReadonlyMap<string, string> {
    return this.#downloads;
  }

  /**
   * Puts a file into the platform's storage. With a listener of {@link setListener} it asks for the URL, and the listener does the rest, as in the vendor's SDK;
   * without one it uploads the file and tells the platform how that ended: `listener` hears when it is over. Throws `not-found` when there is no such file.
   * @param fileAttributes `hash_code` (SHA-256, hex) and `size` (bytes); left out: those of the file.
   */
  uploadFile(fileName: string, filePath: string, fileAttributes?: JsonObject | null, listener?: ActionListener | null): void {
    if (!existsSync(filePath)) throw new LianyunError('not-found', `There is no file ${filePath} to upload as ${fileName}.`, { device: this.#speaker.device });
    this.#uploads.set(fileName, filePath);
    if (this.#listener !== undefined) return this.getUploadFileUrl(fileName, fileAttributes, listener);
    this.#speaker.tellEnd(this.#speaker.core.files.upload(filePath, { name: fileName }).done, listener);
  }

  /**
   * Gets a file from the platform's storage. With a listener of {@link setListener} it asks for the URL, and the listener does the rest, as in the vendor's SDK;
   * without one it downloads the file to `filePath`, checked, whole or not at all, and tells the platform how that ended: `listener` hears when it is over.
   */
  downloadFile(fileName: string, filePath: string, fileAttributes?: JsonObject | null, listener?: ActionListener | null): void {
    this.#downloads.set(fileName, filePath);
    if (this.#listener !== undefined) return this.getDownloadFileUrl(fileName, fileAttributes, listener);
    this.#speaker.tellEnd(this.#fetch(fileName, filePath), listener);
  }

  /** Asks where to put a file (seed 9.1). @param fileAttributes `hash_code` (SHA-256, hex) and `size` (bytes); left out: those of the file of {@link uploadFile}, if it named one. */
  getUploadFileUrl(fileName: string, fileAttributes?: JsonObject | null, listener?: ActionListener | null): void {
    const file = this.#uploads.get(fileName);
    const isComplete = typeof fileAttributes?.['hash_code'] === 'string' && fileAttributes['size'] !== undefined;
    if (file === undefined || isComplete) return this.#request('upload', fileName, fileAttributes, listener);
    const measured = attributesOf(file).then((attributes) => ({ ...attributes, ...fileAttributes }));
    measured.then(
      (attributes) => this.#request('upload', fileName, attributes, listener),
      (error: unknown) => this.#speaker.refuse(`${file} cannot be read: ${String(error)}`, listener),
    );
  }

  /** Asks where to get a file (seed 9.1). */
  getDownloadFileUrl(fileName: string, fileAttributes?: JsonObject | null, listener?: ActionListener | null): void {
    this.#request('download', fileName, fileAttributes, listener);
  }

  /** Tells how an upload ended (seed 9.1). @param resultCode 0 is success, 1 failure. */
  // The vendor's own parameters.
  // eslint-disable-next-line @typescript-eslint/max-params
  reportUploadResult(objectName: string, resultCode: number, statusCode?: number | null, statusDescription?: string | null, listener?: ActionListener | null): void {
    this.#report('upload', objectName, { resultCode, statusCode, statusDescription }, listener);
  }

  /** Tells how a download ended (seed 9.1). @param resultCode 0 is success, 1 failure. */
  // The vendor's own parameters.
  // eslint-disable-next-line @typescript-eslint/max-params
  reportDownloadResult(objectName: string, resultCode: number, statusCode?: number | null, statusDescription?: string | null, listener?: ActionListener | null): void {
    this.#report('download', objectName, { resultCode, statusCode, statusDescription }, listener);
  }

  /** It comes into a directory of its own beside its place, under a name that the SDK makes, and takes its place when it is whole. */
  async #fetch(fileName: string, filePath: string): Promise<void> {
    const place = await mkdtemp(`${filePath}.`);
    try {
      const { file } = await this.#speaker.core.files.download(fileName, { to: place }).done;
      await rename(file, filePath);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  }

  #request(direction: FileDirection, name: string, attributes: JsonObject | null | undefined, listener: ActionListener | null | undefined): void {
    const { hash_code: hash, size } = isJsonObject(attributes) ? attributes : {};
    this.#speaker.send('file.request', { direction, name, ...(typeof hash === 'string' ? { hash } : {}), ...(typeof size === 'number' ? { bytes: size } : {}) }, listener, { at: this.#speaker.now() });
  }

  #report(direction: FileDirection, object: string, result: { readonly resultCode: number; readonly statusCode: number | null | undefined; readonly statusDescription: string | null | undefined }, listener: ActionListener | null | undefined): void {
    const [status, text] = [result.statusCode ?? undefined, given(result.statusDescription)];
    this.#speaker.send('file.result', { direction, object, code: result.resultCode, ...(status === undefined ? {} : { status }), ...(text === undefined ? {} : { text }) }, listener, { at: this.#speaker.now() });
  }

  #onGrant({ body: { direction, url, bucket, object, expiresSeconds, hash, bytes } }: Message<'file.grant'>): void {
    const info = new UrlInfo({
      url,
      bucketName: bucket,
      objectName: given(object),
      expire: expiresSeconds,
      ...(hash === undefined && bytes === undefined ? {} : { fileAttributes: { ...(hash === undefined ? {} : { hash_code: hash }), ...(bytes === undefined ? {} : { size: bytes }) } }),
    });
    // What fails is told to the platform, too, as the program would.
    const failed = (why: string): void => this.#report(direction, object, { resultCode: 1, statusCode: null, statusDescription: why }, null);
    if (direction === 'upload') this.#speaker.call('FileManagerListener.onUploadUrl', () => this.#listener?.onUploadUrl(info), failed);
    else this.#speaker.call('FileManagerListener.onDownloadUrl', () => this.#listener?.onDownloadUrl(info), failed);
  }
}

/** Digest and size of a file, as the platform wants them. */
async function attributesOf(file: string): Promise<JsonObject> {
  const source = await openSource(systemDisk(), file, new AbortController().signal);
  await source.close();
  return { hash_code: source.sha256, size: source.bytes };
}
