import type { JsonValue } from '@lianyun/protocol';

/** `[rc, mid]`: 0 is taken over to be sent; `mid` is what `on_publish`, `on_subscribe` and `on_unsubscribe` tell. */
export type Result = [rc: number, mid: number];

/** What a call answers for a device that was not initialised. */
export const NO_HANDLE: Readonly<Result> = [-1, -1];

/** Where the connection is (reference 1.6). */
export const HubState = { INITIALIZED: 1, CONNECTING: 2, CONNECTED: 3, DISCONNECTING: 4, DISCONNECTED: 5, DESTRUCTING: 6, DESTRUCTED: 7 } as const;
export type HubState = (typeof HubState)[keyof typeof HubState];

/** What a callback may give: nothing, or the promise of having finished. What it throws becomes a problem. */
export type Told = void | Promise<void>;

/** What arrived: JSON; text where it is no JSON; bytes where it is no text. */
export type Payload = JsonValue | Uint8Array;

/** Takes what arrives on a topic (reference 6.2). */
export type TopicCallback = (topic: string, qos: number, payload: Payload, userdata: unknown) => Told;

/** What is published: what JSON can write. */
export type Publishable = JsonValue | object | undefined;

/** The key of a device that services are initialised for. */
export const keyOf = (productId: string, deviceName: string): string => `${productId}/${deviceName}`;

/** Nothing, as Python programs give it. */
export function isNothing(value: unknown): value is null | undefined | '' {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && !(value instanceof Uint8Array) && Object.keys(value).length === 0;
}
