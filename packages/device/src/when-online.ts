import type { EventEmitter } from 'node:events';
import { LianyunError, type Clock } from '@lianyun/protocol';
import type { DeviceEvents } from './device-events.ts';
import type { SessionState } from './session-state.ts';

/** Starts a device and waits until it is online, as `Device.connect` says. */
export async function whenOnline(
  device: EventEmitter<DeviceEvents> & { readonly id: string; readonly state: SessionState },
  { clock, start }: { readonly clock: Clock; start(): void },
  options: { readonly deadlineMs?: number; readonly signal?: AbortSignal },
): Promise<void> {
  const { deadlineMs = 60_000, signal } = options;
  if (signal?.aborted === true) throw new LianyunError('aborted', `${device.id} was not connected: the signal was aborted before.`, { cause: signal.reason });
  const { state } = device;
  if (state.at === 'online') return;
  if (state.at === 'closed') throw state.why?.error ?? new LianyunError('closed', `${device.id} was closed; make a new Device to connect again.`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let last: LianyunError | undefined;
  const onOffline: (event: DeviceEvents['offline'][0]) => void = ({ error }) => {
    last = error;
  };
  const onClosed: (event: DeviceEvents['closed'][0]) => void = ({ error }) => reject(error ?? new LianyunError('closed', `${device.id} was closed before it was online.`));
  const onAbort = (): void => reject(new LianyunError('aborted', 'The wait for the connection was aborted; the device goes on trying.', { cause: signal?.reason }));
  const timer = clock.after(
    deadlineMs,
    () => reject(new LianyunError('timeout', `${device.id} was not online within ${deadlineMs} ms${last === undefined ? '' : `: ${last.message}`}`, { cause: last })),
    true,
  );
  device.once('online', resolve).on('offline', onOffline).once('closed', onClosed);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    start();
    await promise;
  } finally {
    timer.cancel();
    device.off('online', resolve).off('offline', onOffline).off('closed', onClosed);
    signal?.removeEventListener('abort', onAbort);
  }
}
