import { LianyunError } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';

/** Begins (true) or ends to look for devices that could be added. */
export type GatewaySearchHandler = (on: boolean) => void | Promise<void>;

/** Result code of what could not begin or end: a system error (Tencent 3.7). */
const FAILED = -2;

/** Has a handler look for devices when the cloud says so (Tencent 3.6). @returns a function that takes it back. */
export function handleSearches(context: DeviceContext, handler: GatewaySearchHandler): () => void {
  if (typeof handler !== 'function') throw new LianyunError('bad-input', 'gateway.onSearch() takes a function.');
  return context.peer.handle('child.search', async ({ body: { on } }) => {
    try {
      await handler(on);
      return { on, code: 0 };
    } catch (cause) {
      context.problem(new LianyunError('handler-failed', `The handler of gateway.onSearch threw: ${cause instanceof Error ? cause.message : String(cause)}`, { device: context.device, cause }));
      return { on, code: FAILED };
    }
  });
}
