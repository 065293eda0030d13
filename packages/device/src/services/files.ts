import { isLianyunError, LianyunError, type FileDirection, type Vocabulary } from '@lianyun/protocol';
import type { DownloadOptions, DownloadTuning } from '../download/options.ts';
import { orAborted } from '../download/patience.ts';
import type { UploadContent } from '../upload/source.ts';
import type { UploadTuning } from '../upload/upload.ts';
import type { DeviceContext } from './context.ts';
import type { FileTransfer } from './file-transfer.ts';
import { FileTransfers } from './file-transfers.ts';
import { SignedUrl } from './signed-url.ts';

/** How a file is uploaded. */
export interface UploadFileOptions extends UploadTuning {
  /** What the cloud is to call it; needed for bytes, the file's own name when left out. */
  readonly name?: string;
}

/** How a file is downloaded. */
export interface DownloadFileOptions extends DownloadTuning, Pick<DownloadOptions, 'bytes' | 'digest'> {
  /** The directory that it comes into; made if it is not there. */
  readonly to: string;
}

/** A file that is in the cloud now. */
export interface UploadedFile {
  /** What the cloud calls it. */
  readonly object: string;
  readonly bytes: number;
  /** Hex digits. */
  readonly sha256: string;
}

/** A file that is on this disk now. */
export interface DownloadedFile {
  readonly object: string;
  /** Where it is. */
  readonly file: string;
  readonly bytes: number;
}

type Grant = Vocabulary['file.grant'];
type Question = Vocabulary['file.request'];

/** What the cloud is told (Huawei 5.4). */
const SUCCESS = { code: 0, status: 200 } as const;
const FAILED = 1;
const MAX_TEXT = 256;
const MAX_NAME_BYTES = 512;
/** Answers in a row that may be those to earlier questions. */
const MAX_STALE = 3;

/** Files in the cloud's object storage (Huawei 5.4, 8). */
export class FilesService {
  readonly #context: DeviceContext;
  /** The question under way in each direction: nothing but the direction says what an answer belongs to. */
  readonly #asking: { [D in FileDirection]?: Promise<unknown> } = {};
  /** Questions that were given up: their answers may still come. */
  readonly #unanswered = { upload: 0, download: 0 };
  readonly #transfers: FileTransfers;

  constructor(context: DeviceContext) {
    this.#context = context;
    this.#transfers = new FileTransfers(context, { what: 'file', maxNameBytes: MAX_NAME_BYTES });
  }

  /**
   * Puts a file into the cloud's storage, in as many attempts as it takes, with its size and SHA-256 announced before, and tells the cloud what came of it.
   * @param content the path of a file, which is sent in pieces, or bytes; neither may change until the end.
   * @returns the transfer; `done` rejects with `not-found` (no such file), `wrong-digest`, `too-large`, `expired-url`, `unsafe-url`, `untrusted-server`, `self-signed-server`, `wrong-server-name`, `expired-certificate`, `proxy-failed`, `proxy-refused`, `bad-response`, `disk-failed`, `network`,
   * `timeout`, `offline` (the cloud could not be asked for a URL), `aborted`, `closed`, `bad-input`, `unsupported`.
   */
  upload(content: UploadContent, options: UploadFileOptions = {}): FileTransfer<UploadedFile> {
    return this.#transfers.upload(content, options, ({ name, source: { bytes, sha256 }, signal, put }) =>
      this.#granted({ direction: 'upload', name, hash: sha256, bytes }, signal, async (url) => {
        await put({ target: url.source, renew: url.renew });
        return { object: url.grant.object, bytes, sha256 };
      }),
    );
  }

  /**
   * Gets a file from the cloud's storage, in as many attempts as it takes, going on where an earlier one ended, checks size and digest where the cloud or the
   * program names them, and tells the cloud what came of it. It appears under its name at once and whole, or not at all.
   *
   * The name on the disk is the cloud's, as long as that is a plain name: anything but letters, digits, `-`, `_`, `+` and single dots becomes `_`, and eight digits
   * that belong to the whole name are added, so that no name leads out of the directory and no two names to the same file.
   * @returns the transfer; `done` rejects with `not-found`, `wrong-digest`, `wrong-size`, `disk-full`, `disk-failed`, `expired-url`, `unsafe-url`, `untrusted-server`, `self-signed-server`, `wrong-server-name`, `expired-certificate`, `proxy-failed`, `proxy-refused`, `bad-response`,
   * `conflict` (the file is being downloaded already), `network`, `timeout`, `offline`, `aborted`, `closed`, `bad-input`, `unsupported`.
   */
  download(name: string, options: DownloadFileOptions): FileTransfer<DownloadedFile> {
    return this.#transfers.download(name, options, ({ file, signal, get }) =>
      this.#granted({ direction: 'download', name }, signal, async (url) => {
        const { bytes = url.grant.bytes, digest = digestOf(url.grant.hash) } = options;
        return { object: url.grant.object, file, bytes: await get({ source: url.source, renew: url.renew, bytes, digest }) };
      }),
    );
  }

  /** Asks for a URL, for as long as it takes, and tells the cloud how it ended. */
  async #granted<R>(question: Question, signal: AbortSignal, run: (url: SignedUrl) => Promise<R>): Promise<R> {
    const url = new SignedUrl(await this.#ask(question, signal), this.#context.clock, (ending) => this.#ask(question, ending));
    try {
      const result = await run(url);
      this.#tell(url.grant, SUCCESS);
      return result;
    } catch (cause) {
      const error = isLianyunError(cause) ? cause : new LianyunError('handler-failed', String(cause), { cause });
      const { number: status } = error.place;
      this.#tell(url.grant, { code: FAILED, ...(status === undefined ? {} : { status }), text: error.message.slice(0, MAX_TEXT) });
      throw error;
    }
  }

  #tell({ direction, object }: Grant, outcome: { readonly code: number; readonly status?: number; readonly text?: string }): void {
    const { peer, device, clock, qos } = this.#context;
    peer.send('file.result', { device, at: clock.now(), body: { direction, object, ...outcome } }, qos === undefined ? undefined : { qos });
  }

  /** Asks where to put a file, or to get it; one question at a time in each direction. */
  async #ask(question: Question, signal: AbortSignal): Promise<Grant> {
    const { direction } = question;
    const before = this.#asking[direction] ?? Promise.resolve();
    const asked = before.then(() => this.#request(question, signal));
    this.#asking[direction] = asked.catch(() => undefined);
    return orAborted(asked, signal);
  }

  async #request(question: Question, signal: AbortSignal): Promise<Grant> {
    const { peer, device, clock, dialect } = this.#context;
    const { direction } = question;
    for (let stale = 0; ; stale++) {
      try {
        const { body } = await peer.request('file.request', { device, at: clock.now(), body: question }, { deadlineMs: dialect.limits.answerMs, signal });
        if (stale === MAX_STALE || this.#unanswered[direction] === 0 || belongs(body, question)) return body;
        // The answer to one that nobody waits for any more; ours is behind it.
        this.#unanswered[direction]--;
      } catch (error) {
        // What was asked over a connection that has ended is answered by nobody.
        if (isLianyunError(error, 'offline')) this.#unanswered[direction] = 0;
        else if (isLianyunError(error, 'timeout') || isLianyunError(error, 'aborted')) this.#unanswered[direction]++;
        throw error;
      }
    }
  }
}

/** Whether an answer can be the one to a question: the cloud may write something before the name, and other characters into it. */
function belongs({ object, hash }: Grant, question: Question): boolean {
  const plain = (text: string): string => text.normalize('NFC').replace(/[^\p{L}\p{N}]/gu, '');
  return plain(object).endsWith(plain(question.name)) && (hash === undefined || question.hash === undefined || hash === question.hash);
}

/** SHA-256 is documented, and MD5 is what the documentation shows (Huawei 5.4). */
function digestOf(hash: string | undefined): DownloadOptions['digest'] {
  if (hash === undefined || !/^[\da-f]+$/i.test(hash)) return undefined;
  return hash.length === 64 ? { algorithm: 'sha256', hex: hash } : hash.length === 32 ? { algorithm: 'md5', hex: hash } : undefined;
}
