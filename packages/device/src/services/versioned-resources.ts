import { isLianyunError, LianyunError, type Message, type Receipt, type ResourceVersion, type Vocabulary } from '@lianyun/protocol';
import { bounded, orAborted } from '../download/patience.ts';
import type { DownloadProgress } from '../download/progress-feed.ts';
import { failureOf, isPause } from '../ota/failures.ts';
import type { UploadContent } from '../upload/source.ts';
import type { UploadTuning } from '../upload/upload.ts';
import type { DeviceContext } from './context.ts';
import type { FileTransfer } from './file-transfer.ts';
import { FileTransfers } from './file-transfers.ts';
import { faultIn, isGone, MAX_NAME_BYTES, versionOf, type ResourceUpdate } from './resource-version.ts';
import type { DownloadResourceOptions } from './resources.ts';
import { UpdatesUnderWay, type UpdateUnderWay } from './updates-under-way.ts';

/** A version of a resource that is on this disk now. */
export interface DownloadedUpdate extends Readonly<ResourceVersion> {
  /** Where it is. */
  readonly file: string;
  readonly bytes: number;
}

/** How a resource with a version is uploaded. */
export interface UploadVersionOptions extends UploadTuning {
  /** What the cloud is to call it; needed for bytes, the file's own name when left out. */
  readonly name?: string;
  /** 1 to 32 characters. */
  readonly version: string;
  /** FILE, AUDIO, VOICE or VIDEO; FILE when left out. */
  readonly type?: string;
}

/** A version of a resource that is in the cloud now. */
export interface UploadedVersion extends Readonly<ResourceVersion> {
  readonly bytes: number;
  /** What the cloud calls this upload. */
  readonly token: string;
}

/** Takes a version of a resource. What it throws becomes a problem of the device, and the cloud is told that the update failed. */
export type ResourceUpdateHandler = (update: ResourceUpdate) => void | Promise<void>;

/** Removes a resource. What it throws becomes a problem of the device, and is told to the cloud; that there is no such file (`ENOENT`, `not-found`) is success. */
export type RemovalHandler = (resource: Readonly<ResourceVersion>) => void | Promise<void>;

type Grant = Vocabulary['resource.request.grant'] & { readonly url: string; readonly token: string };

/** Least time between two words about an update that goes on, ms. */
const STEP_MS = 1000;
/** Time that such a word may wait for its turn: an old one says nothing. */
const STEP_EXPIRES_MS = 60_000;
/** How long a fresh URL is waited for. */
const RENEW_MS = 30_000;
/** Fresh URLs that an upload gets. */
const MAX_RENEWALS = 2;
const MAX_TEXT = 256;
const SUCCESS = { code: 0, text: 'success' } as const;
/** The only failure that is documented with its text. */
const NO_SPACE = { code: -6, text: 'space not enough' } as const;

/** Resources of IoT Explorer: files with versions, which the cloud updates and removes on the device, and which the device puts into the cloud's storage (Tencent 7.9). */
export class VersionedResourcesService {
  readonly #context: DeviceContext;
  readonly #transfers: FileTransfers;
  readonly #updates = new UpdatesUnderWay();
  /** What the device has, by name; undefined until the program says so. */
  #versions: Map<string, ResourceVersion> | undefined;
  #told: Receipt | undefined;
  /** Version messages that are on their way. */
  #pending = 0;

  constructor(context: DeviceContext) {
    this.#context = context;
    this.#transfers = new FileTransfers(context, { what: 'resource', maxNameBytes: MAX_NAME_BYTES });
  }

  /**
   * Tells which resources the device has, all of them, and in which versions: when the program starts, and whenever it changes them itself. It is told again at every reconnect, with what was updated and
   * removed since; the cloud offers what is missing then. With none of them the cloud only answers, and forgets nothing: see {@link recorded}.
   * @param resources names of 1 to 255 bytes, versions of 1 to 32 characters.
   * @returns a receipt: delivered with `report_version_rsp`. Fails with `bad-input`, `outbox-full`, `refused`, `expired`, `dropped`, `closed`.
   */
  report(resources: readonly Readonly<ResourceVersion>[]): Receipt {
    const fault = Array.isArray(resources) ? resources.map((each) => faultIn(each)).find((text) => text !== undefined) : 'versionedResources.report() takes a list of { name, version }.';
    if (fault !== undefined) return this.#context.refuse(new LianyunError('bad-input', fault, { device: this.#context.device }));
    this.#versions = new Map(resources.map(({ name, version, type }) => [name, versionOf({ name, version, type })]));
    return this.#announce();
  }

  /** Asks which resources and versions of this device the cloud has recorded. Rejects with `refused`, `timeout`, `offline`, `aborted`, `closed`, `unsupported`. */
  async recorded(options: { readonly deadlineMs?: number; readonly signal?: AbortSignal } = {}): Promise<readonly ResourceVersion[]> {
    const { peer, device, dialect, clock, isOnline } = this.#context;
    const { deadlineMs = dialect.limits.answerMs } = options;
    this.#context.subscribe('resource.versions');
    const before = isOnline && this.#pending > 0 ? this.#told : undefined;
    return bounded({ clock, what: `The question of ${device} for its resources`, deadlineMs, signal: options.signal }, async (signal) => {
      // Nothing but their order says which question an answer belongs to.
      if (before !== undefined) await orAborted(before.delivered.catch(() => undefined), signal);
      const { body } = await peer.request('resource.versions', { device, body: { resources: [] } }, { deadlineMs, signal });
      if (body.code !== 0) throw new LianyunError('refused', `The cloud does not tell ${device} its resources: ${body.text ?? 'no text'} (code ${body.code}).`, { device, number: body.code });
      return body.resources;
    });
  }

  /**
   * Registers what takes the versions that the cloud wants on the device; the device subscribes now. An update that is repeated while it goes on brings a fresh URL and is not handed over again; one of another
   * version ends it. @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`, `unsupported`.
   */
  onUpdate(handler: ResourceUpdateHandler): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'versionedResources.onUpdate() takes a function.');
    const undo = this.#context.peer.handle('resource.update', ({ body }) => this.#offered(body, handler));
    this.#context.subscribe('resource.update');
    return undo;
  }

  /** Registers what removes a resource when the cloud says so; the device subscribes now. @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`, `unsupported`. */
  onRemove(handler: RemovalHandler): () => void {
    if (typeof handler !== 'function') throw new LianyunError('bad-input', 'versionedResources.onRemove() takes a function.');
    const undo = this.#context.peer.handle('resource.remove', ({ body }) => this.#remove(body, handler));
    this.#context.subscribe('resource.remove');
    return undo;
  }

  /**
   * Gets a version that the cloud wants on the device, going on where an earlier attempt ended, checks its size and MD5, and tells the cloud how far it is and what came of it: -6 where there is no space, else the
   * codes of firmware (Tencent 5.3). Whatever ended with `aborted` or `closed` is not told: the cloud offers it again when the versions are told. A URL that has expired is replaced, if versions were told.
   * The file appears under its name at once and whole, or not at all; the name on the disk is made as that of `resources.download()`, and is the same for every version.
   * @returns the transfer; `done` rejects with `disk-full`, `wrong-digest`, `wrong-size`, `not-found`, `disk-failed`, `expired-url`, `unsafe-url`, `untrusted-server`, `bad-response`, `network`, `timeout`, `aborted`,
   * `closed`, `bad-input`, `unsupported`, `conflict` (it is being downloaded already).
   */
  download(update: ResourceUpdate, options: DownloadResourceOptions): FileTransfer<DownloadedUpdate> {
    // Types say so already; a program in JavaScript can pass anything.
    const given: ResourceUpdate | undefined = update;
    const current = this.#updates.enter(given ?? { name: '', url: '' });
    const { signal: own } = { ...options };
    const signal = own === undefined ? current.signal : AbortSignal.any([own, current.signal]);
    const transfer = this.#transfers.download(given?.name, { ...options, signal }, ({ file, get }) =>
      this.#following(current, async (onProgress) => {
        const { bytes, md5 } = update;
        const digest = md5 === undefined ? undefined : ({ algorithm: 'md5', hex: md5 } as const);
        const renew = (ending: AbortSignal): Promise<boolean> => this.#renew(current, ending);
        return { ...versionOf(update), file, bytes: await get({ source: () => ({ url: current.freshUrl ?? update.url }), renew, bytes, digest }, onProgress) };
      }),
    );
    const leave = (): void => this.#updates.leave(current);
    transfer.done.then(leave, leave);
    return transfer;
  }

  /**
   * Asks the cloud where to put a version of a resource, puts it there, and tells the cloud what came of it.
   * @param content the path of a file, which is sent in pieces, or bytes; neither may change until the end.
   * @returns the transfer; `done` rejects with `refused` (the cloud gives no URL), `not-found` (no such file), `too-large`, `expired-url`, `unsafe-url`, `untrusted-server`, `bad-response`, `disk-failed`, `network`,
   * `timeout`, `offline`, `aborted`, `closed`, `bad-input`, `unsupported`.
   */
  upload(content: UploadContent, options: UploadVersionOptions): FileTransfer<UploadedVersion> {
    return this.#transfers.upload(content, options, async ({ name, source: { bytes }, signal, put }) => {
      const { version, type = 'FILE' } = options;
      const fault = faultIn({ name, version, type });
      if (fault !== undefined) throw new LianyunError('bad-input', fault, { device: this.#context.device });
      let grant = await this.#grant({ name, version, type }, signal);
      let renewals = 0;
      const renew = async (ending: AbortSignal): Promise<boolean> => {
        if (++renewals > MAX_RENEWALS) return false;
        grant = await this.#grant({ name, version, type }, ending);
        return true;
      };
      const tell = (outcome: { readonly code: number; readonly text: string }): Receipt => this.#context.peer.send('resource.posted', { device: this.#context.device, body: { token: grant.token, ...outcome } });
      try {
        await put({ target: () => ({ url: grant.url }), renew });
      } catch (error) {
        tell(this.#outcomeOf(error));
        throw error;
      }
      tell(SUCCESS);
      return { name, version, type, bytes, token: grant.token };
    });
  }

  /** The device is online again: the cloud may have an update that waited for this. @internal */
  onOnline(): void {
    if (this.#versions !== undefined && this.#pending === 0) this.#announce();
  }

  #announce(): Receipt {
    const { peer, device } = this.#context;
    this.#context.subscribe('resource.versions');
    this.#pending++;
    this.#told = peer.send('resource.versions', { device, body: { resources: [...(this.#versions ?? new Map<string, ResourceVersion>()).values()] } });
    const settled = (): void => void this.#pending--;
    this.#told.delivered.then(settled, settled);
    return this.#told;
  }

  async #offered(update: ResourceUpdate, handler: ResourceUpdateHandler): Promise<void> {
    if (this.#updates.refresh(update)) return;
    const current = this.#updates.enter(update);
    try {
      await handler(update);
    } catch (error) {
      if (isPause(error)) return;
      this.#context.problem(this.#asProblem('update', error));
      // Another download of it may still go on.
      if (!current.isOver && current.users === 1) this.#end(current, this.#outcomeOf(error));
    } finally {
      this.#updates.leave(current);
    }
  }

  async #remove(resource: ResourceVersion, handler: RemovalHandler): Promise<Vocabulary['resource.remove.result']> {
    const { name, version } = resource;
    const told = { name, ...(version === undefined ? {} : { version }) };
    this.#updates.end(name, `The cloud has the resource ${JSON.stringify(name)} removed.`);
    try {
      await handler(resource);
    } catch (error) {
      if (!isGone(error)) {
        this.#context.problem(this.#asProblem('removal', error));
        return { ...told, ...this.#outcomeOf(error) };
      }
    }
    this.#versions?.delete(name);
    return { ...told, ...SUCCESS };
  }

  /** Runs a download and tells the cloud of it: now and then while it goes on, and how it ended. */
  async #following<R>(current: UpdateUnderWay, run: (onProgress: (progress: Pick<DownloadProgress, 'bytes' | 'total'>) => void) => Promise<R>): Promise<R> {
    const { clock } = this.#context;
    let last = -Infinity;
    const onProgress = ({ bytes, total }: Pick<DownloadProgress, 'bytes' | 'total'>): void => {
      if (clock.elapsed() - last < STEP_MS) return;
      last = clock.elapsed();
      this.#tell(current, { state: 'downloading', percent: total ? Math.min(99, Math.floor((bytes / total) * 100)) : 0, code: 0 }, { expiresMs: STEP_EXPIRES_MS });
    };
    onProgress({ bytes: 0, total: undefined });
    try {
      const result = await run(onProgress);
      this.#versions?.set(current.update.name, versionOf(current.update));
      this.#end(current, SUCCESS);
      return result;
    } catch (error) {
      if (!isPause(error)) this.#end(current, this.#outcomeOf(error));
      throw error;
    }
  }

  #end(current: UpdateUnderWay, outcome: { readonly code: number; readonly text: string }): void {
    current.isOver = true;
    this.#tell(current, { state: 'done', ...outcome });
  }

  #tell({ update: { name, version } }: UpdateUnderWay, step: Omit<Message<'resource.update.progress'>['body'], 'name' | 'version'>, options?: { readonly expiresMs: number }): void {
    const { peer, device } = this.#context;
    peer.send('resource.update.progress', { device, body: { name, ...(version === undefined ? {} : { version }), ...step } }, options);
  }

  /** Telling the versions makes the cloud offer what is not there yet again, with a URL of its own. */
  async #renew(current: UpdateUnderWay, signal: AbortSignal): Promise<boolean> {
    if (this.#versions === undefined) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    current.onFresh = () => resolve(true);
    const timer = this.#context.clock.after(RENEW_MS, () => resolve(false), true);
    this.#announce();
    try {
      return await orAborted(promise, signal);
    } finally {
      timer.cancel();
      current.onFresh = undefined;
    }
  }

  async #grant(resource: ResourceVersion, signal: AbortSignal): Promise<Grant> {
    const { peer, device, dialect } = this.#context;
    this.#context.subscribe('resource.request');
    const { body } = await peer.request('resource.request', { device, body: resource }, { deadlineMs: dialect.limits.answerMs, signal });
    const { url, token, code, text } = body;
    if (code !== 0 || url === undefined || token === undefined) throw new LianyunError('refused', `The cloud gives ${device} no URL for ${JSON.stringify(resource.name)}: ${text ?? 'no text'} (code ${code}).`, { device, number: code });
    return { ...body, url, token };
  }

  /** A failure in the cloud's words. */
  #outcomeOf(error: unknown): { readonly code: number; readonly text: string } {
    const failure = failureOf(error);
    if (failure === 'no-space') return NO_SPACE;
    const text = (error instanceof Error ? error.message : String(error)).slice(0, MAX_TEXT);
    // The codes are those of firmware, which depend on no version.
    return { code: this.#context.dialect.ota.progressOf({ at: 'failed', failure }, { running: undefined, target: '' }).code, text };
  }

  #asProblem(what: string, cause: unknown): LianyunError {
    if (isLianyunError(cause)) return cause;
    return new LianyunError('handler-failed', `The ${what} of a resource failed: ${cause instanceof Error ? cause.message : String(cause)}`, { device: this.#context.device, cause });
  }
}
