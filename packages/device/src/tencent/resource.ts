import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isJsonObject, LianyunError } from '@lianyun/protocol';
import { systemDisk } from '../disk/disk.ts';
import { readNetwork } from '../net/options.ts';
import type { TlsOptions } from '../net/tls-options.ts';
import type { UploadSource } from '../upload/source.ts';
import { openSource, put } from '../upload/upload.late.ts';
import { StateError } from './errors.ts';
import type { Routes } from './routes.ts';
import { keyOf, type Result, type TopicCallback } from './words.ts';

interface Task {
  readonly source: UploadSource;
  readonly name: string;
  percent: number;
}

/** Files that a device uploads as resources (reference 7.8). */
export class Resource {
  readonly #routes: Routes;
  readonly #name: string;
  readonly #tls: TlsOptions | undefined;
  #task: Task | undefined;

  constructor(routes: Routes, name: { readonly productId: string; readonly deviceName: string }, tls: TlsOptions | undefined) {
    this.#routes = routes;
    this.#name = keyOf(name.productId, name.deviceName);
    this.#tls = tls;
  }

  init(callback: TopicCallback | null | undefined): Result {
    const { line } = this.#routes;
    const topic = `$resource/down/service/${this.#name}`;
    const result = line.subscribe([{ filter: topic, qos: 1 }]);
    this.#routes.on(topic, (payload, _, qos) => {
      // The program learns the URL from `create_upload_task_rsp`.
      if (isJsonObject(payload) && typeof callback === 'function') line.call('resourceCb', () => callback(topic, qos, payload, line.userdata));
    });
    return result;
  }

  /** Asks where a file is to be put. Rejects when it cannot be read. */
  async create(file: string): Promise<Result> {
    this.#routes.line.online();
    const source = await openSource(systemDisk(), await readFile(file), new AbortController().signal);
    const name = path.basename(file);
    this.#task = { source, name, percent: 0 };
    return this.#publish({ type: 'create_upload_task', size: source.bytes, name, md5sum: source.md5 });
  }

  /** Tells how far the upload is. */
  report(state: 'uploading' | 'done' | 'fail' = 'uploading', percent = this.#started.percent): Result {
    const { name } = this.#started;
    return this.#publish({ type: 'report_upload_progress', name, progress: { state, percent, result_code: state === 'fail' ? -1 : 0, result_msg: '' } });
  }

  /** Puts the file: 0, or -1 with a problem that says why. */
  async upload(url: string, timeoutMs: number): Promise<0 | -1> {
    const { line } = this.#routes;
    const task = this.#started;
    const { source } = task;
    const { signal } = new AbortController();
    try {
      await put({ url, headers: { 'content-md5': Buffer.from(source.md5, 'hex').toString('base64') }, source, network: readNetwork(this.#tls === undefined ? {} : { tls: this.#tls }), clock: line.clock, stallMs: timeoutMs, signal, onSent: (bytes) => void (task.percent = Math.floor((bytes * 100) / Math.max(1, source.bytes))) });
      task.percent = 100;
      return 0;
    } catch (error) {
      line.problem(error instanceof Error ? error : new LianyunError('network', String(error)));
      return -1;
    }
  }

  get #started(): Task {
    if (this.#task === undefined) throw new StateError('No upload was begun: call resourceCreateUploadTask() first.');
    return this.#task;
  }

  #publish(message: object): Result {
    return this.#routes.line.publish(`$resource/up/service/${this.#name}`, message, 1);
  }
}
