import type { Clock } from '@lianyun/protocol';
import { LianyunError } from '@lianyun/protocol';
import { bodyOf } from '../net/http-socket.ts';
import { readAnswer, type Answer } from './answer.ts';
import type { Digests } from './digests.ts';
import type { Validators } from './journal.ts';
import { networkOf, type DownloadOptions } from './options.ts';
import type { PartFile } from './part-file.ts';
import { receive } from './receive.ts';
import { ask, readUrl } from './request.ts';
import type { StallWatch } from './stall-watch.ts';
import { watched } from './watched.ts';

/** What an attempt stands on. */
export interface Ground {
  readonly part: PartFile;
  readonly digests: Digests;
  /** Undefined: nothing is known of the content that the bytes belong to. */
  readonly validators: Validators | undefined;
}

interface Attempt {
  readonly options: DownloadOptions;
  readonly clock: Clock;
  readonly limits: { readonly maxBytes: number; readonly stallMs: number };
  readonly ground: Ground;
  readonly signal: AbortSignal;
  /** Begins anew, with an empty file. */
  restart(): { readonly ground: Ground; readonly done: Promise<void> };
  /** Writes down what is known of the content. */
  keep(validators: Validators): Promise<void>;
  onProgress(total: number | undefined): void;
}

/** How an attempt ended, when it did not fail: all is there, or more has to be asked for. */
export type AttemptEnd = 'whole' | 'more';

/** Asks once for what is missing, and takes what comes. Rejects with why not all of it came. */
export async function attempt(work: Attempt): Promise<AttemptEnd> {
  const { options, clock, limits, signal } = work;
  const source = options.source();
  const at = { url: readUrl(source.url) };
  const isChecked = options.digest !== undefined || options.signature !== undefined;
  const ground = await groundOf(work, isChecked);
  const { part } = ground;
  return watched({ clock, stallMs: limits.stallMs, at, signal }, async (ending, watch) => {
    const given = await ask({ source, offset: part.size, validator: ground.validators?.etag ?? ground.validators?.modified, network: networkOf(options), isChecked, signal: ending });
    at.url = given.url;
    watch.touch();
    try {
      return await take({ ...work, ground }, { ...given, watch, isChecked });
    } finally {
      given.response.destroy();
    }
  });
}

type Given = Awaited<ReturnType<typeof ask>> & { readonly watch: StallWatch; readonly isChecked: boolean };

async function take(work: Attempt, { response, url, watch, isChecked }: Given): Promise<AttemptEnd> {
  const { options, limits } = work;
  const answer = readAnswer(response, url);
  const { part, validators } = work.ground;
  if (!('start' in answer)) {
    if (answer.total !== undefined && answer.total === part.size && isChecked) return 'whole';
    return startOver(work);
  }
  if (answer.start !== 0 && (answer.start !== part.size || isOther(answer, validators, isChecked))) return startOver(work);
  const total = options.bytes ?? answer.total;
  if (answer.total !== undefined && answer.total !== total) throw new LianyunError('wrong-size', `The server has a file of ${answer.total} bytes; ${total} were announced.`);
  const limit = total ?? limits.maxBytes;
  if (limit > limits.maxBytes && options.bytes === undefined) throw new LianyunError('wrong-size', `The server has a file of ${limit} bytes; ${limits.maxBytes} are allowed where no size was announced.`);
  if (total === undefined && !answer.isDelimited && !isChecked) throw new LianyunError('bad-response', 'The server does not say how long the file is, and no size or digest was announced: a cut could not be seen.');
  // The file from its beginning: a server without ranges, or another content than before.
  const fresh = answer.start === 0 && part.size > 0 ? work.restart() : undefined;
  const prepare = async (): Promise<void> => {
    await fresh?.done;
    if (answer.start === 0 && !isSame(answer, validators)) await work.keep({ etag: answer.etag, modified: answer.modified, total: answer.total });
    if (total !== undefined && options.bytes === undefined) await part.needRoom(total);
    work.onProgress(total);
  };
  const { digests } = fresh?.ground ?? work.ground;
  await receive(bodyOf(response), { part, start: answer.start, ready: prepare(), digests, limit, isAnnounced: total !== undefined, onBusy: (isOurs) => watch.touch(isOurs), onWritten: () => work.onProgress(total) });
  if (total === undefined || part.size === total) return 'whole';
  // A server may give less than was asked for, in parts; one that says this was all is wrong about the size.
  if (answer.end !== undefined && answer.end < total && part.size === answer.end) return 'more';
  if (answer.isDelimited) throw new LianyunError('wrong-size', `The server's file has ${part.size} bytes; ${total} were announced.`);
  throw new LianyunError('network', `${url.host} closed the connection after ${part.size} of ${total} bytes.`);
}

async function startOver(work: Attempt): Promise<AttemptEnd> {
  await work.restart().done;
  return 'more';
}

/** What the attempt stands on. Where nothing tells a wrong file, pieces are put together only if the server names the content that they are of. */
async function groundOf({ ground, restart }: Attempt, isChecked: boolean): Promise<Ground> {
  const isNamed = ground.validators?.etag !== undefined || ground.validators?.modified !== undefined;
  if (isChecked || isNamed || ground.part.size === 0) return ground;
  const fresh = restart();
  await fresh.done;
  return fresh.ground;
}

/** Whether a part is of another content than what is here. The date of the last change says so only roughly: a digest, where there is one, has the last word. */
function isOther({ etag, modified, total }: Answer, known: Validators | undefined, isChecked: boolean): boolean {
  if (isChecked) return etag !== undefined && known?.etag !== undefined && etag !== known.etag;
  if (known?.total !== undefined && total !== undefined && total !== known.total) return true;
  return known?.etag === undefined ? modified !== known?.modified : etag !== known.etag;
}

function isSame(answer: Answer, validators: Validators | undefined): boolean {
  return validators !== undefined && validators.etag === answer.etag && validators.modified === answer.modified && validators.total === answer.total;
}
