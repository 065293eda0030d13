import { LianyunError } from '@lianyun/protocol';
import { DEFAULTS } from '../download/options.ts';
import { bounded } from '../download/patience.ts';
import type { TransferTeller } from '../download/progress-feed.ts';
import type { UploadTuning } from '../upload/upload.ts';
import type { DeviceContext } from './context.ts';
import { FileTransfer } from './file-transfer.ts';

/** Runs a transfer until it is over, its time is, or the device is closed. */
export function startTransfer<R>(context: DeviceContext, { what, options }: { readonly what: string; readonly options: UploadTuning }, run: (signal: AbortSignal, teller: TransferTeller) => Promise<R>): FileTransfer<R> {
  const { clock, running, device } = context;
  // Types say so already; a program in JavaScript can pass anything.
  const given: Partial<UploadTuning> | undefined = typeof options === 'object' && options !== null ? options : undefined;
  const controller = new AbortController();
  const end = (error: LianyunError): void => controller.abort(error);
  return new FileTransfer(async (teller) => {
    if (given === undefined) throw new LianyunError('bad-input', `${what} takes an object of options.`, { device });
    running.add(end);
    const signal = given.signal === undefined ? controller.signal : AbortSignal.any([given.signal, controller.signal]);
    try {
      return await bounded({ clock, what: `${what} of ${device}`, deadlineMs: given.deadlineMs ?? DEFAULTS.deadlineMs, signal }, (ending) => run(ending, teller));
    } finally {
      running.delete(end);
    }
  });
}
