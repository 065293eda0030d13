import { LianyunError } from '@lianyun/protocol';
import type { DeviceContext } from '../services/context.ts';
import type { InstallStep } from './install-options.ts';
import type { InstallRecord } from './install-record.ts';

interface StepWork {
  work(step: InstallStep): void | Promise<void>;
  readonly withinMs: number;
}

/** Calls a function of the program for an installation. Rejects with what it throws, `timeout`, or `closed` with the device. */
export async function callStep({ clock, running }: DeviceContext, record: InstallRecord, { work, withinMs }: StepWork): Promise<void> {
  const { kind, version, from, file = '', bytes, digest, info, taskId } = record;
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (error: LianyunError): void => {
    controller.abort(error);
    reject(error);
  };
  const timer = clock.after(withinMs, () => end(new LianyunError('timeout', `${kind} ${version} was not done within ${withinMs} ms.`)), true);
  running.add(end);
  try {
    await Promise.race([work({ kind, version, from, file, bytes, digest, info, taskId, signal: controller.signal }), promise]);
  } finally {
    timer.cancel();
    running.delete(end);
  }
}
