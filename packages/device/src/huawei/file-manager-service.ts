import { isJsonObject, type FileDirection, type JsonObject, type Message } from '@lianyun/protocol';
import { UrlInfo } from './data.ts';
import { checked } from './device-client.ts';
import type { ActionListener, FileManagerListener } from './listeners.ts';
import { given, type Speaker } from './speaker.ts';

/** Files in object storage (seed 1.5, Huawei 5.4, 8). */
export class FileManagerService {
  readonly #speaker: Speaker;
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

  /** Asks where to put a file (seed 9.1). @param fileAttributes `hash_code` (SHA-256, hex) and `size` (bytes). */
  getUploadFileUrl(fileName: string, fileAttributes?: JsonObject | null, listener?: ActionListener | null): void {
    this.#request('upload', fileName, fileAttributes, listener);
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
      objectName: object,
      expire: expiresSeconds,
      ...(hash === undefined && bytes === undefined ? {} : { fileAttributes: { ...(hash === undefined ? {} : { hash_code: hash }), ...(bytes === undefined ? {} : { size: bytes }) } }),
    });
    if (direction === 'upload') this.#speaker.call('FileManagerListener.onUploadUrl', () => this.#listener?.onUploadUrl(info));
    else this.#speaker.call('FileManagerListener.onDownloadUrl', () => this.#listener?.onDownloadUrl(info));
  }
}
