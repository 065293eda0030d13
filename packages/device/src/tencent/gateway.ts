import { isJsonObject, LianyunError, tencent, type JsonObject } from '@lianyun/protocol';
import type { ConfiguredChild } from './configuration.ts';
import { StateError, ValueError } from './errors.ts';
import { objectIn, type Routes } from './routes.ts';
import { isNothing, keyOf, type Payload, type Result } from './words.ts';

/** What a gateway knows of a sub-device's being online; it changes by `updateSubdevStatus` only. The vendor's spelling is kept. */
export const SessionState = { SUBDEV_SEESION_STATUS_INIT: 0, SUBDEV_SEESION_STATUS_ONLINE: 1, SUBDEV_SEESION_STATUS_OFFLINE: 2 } as const;
export type SessionState = (typeof SessionState)[keyof typeof SessionState];

/** A sub-device of a gateway. */
export interface GatewaySubdev {
  readonly product_id: string;
  readonly device_name: string;
  session_status: SessionState;
}

type Operation = 'online' | 'offline' | 'bind' | 'unbind';

/** How long the platform's answer is waited for (reference 6.3). */
const ANSWER_MS = 1500;
const FAILED = 1;
const LIST = 'describe_sub_devices';

/** Sub-devices of a gateway (reference 3 and 6.3). */
export class Gateway {
  readonly #routes: Routes;
  /** The gateway itself. */
  readonly #name: string;
  #isInitialised = false;
  #children: GatewaySubdev[] = [];
  /** Who waits for the answer about a sub-device, by what is done to it; first in, first out. */
  readonly #waiting = new Map<string, ((result: number) => void)[]>();
  #lists: ((devices: JsonObject[]) => void)[] = [];

  constructor(routes: Routes, name: string) {
    this.#routes = routes;
    this.#name = name;
  }

  init(children: readonly ConfiguredChild[]): Result {
    const topic = `$gateway/operation/result/${this.#name}`;
    const result = this.#routes.line.subscribe([{ filter: topic, qos: 0 }]);
    this.#children = children.map(({ productId, deviceName }) => ({ product_id: productId, device_name: deviceName, session_status: SessionState.SUBDEV_SEESION_STATUS_INIT }));
    this.#routes.on(topic, (payload, _, qos) => this.#receive(payload, topic, qos));
    this.#isInitialised = true;
    return result;
  }

  /** Throws {@link StateError} before `gatewayInit()`. */
  get children(): GatewaySubdev[] {
    this.#check();
    return this.#children;
  }

  isOnline(productId: string, deviceName: string): boolean {
    return this.#find(productId, deviceName)?.session_status === SessionState.SUBDEV_SEESION_STATUS_ONLINE;
  }

  setStatus(productId: string, deviceName: string, status: string): void {
    const child = this.#find(productId, deviceName);
    if (child !== undefined && (status === 'online' || status === 'offline')) child.session_status = status === 'online' ? SessionState.SUBDEV_SEESION_STATUS_ONLINE : SessionState.SUBDEV_SEESION_STATUS_OFFLINE;
  }

  /** Brings a sub-device online, takes it offline, or unbinds it. `rc`: 0, what the platform refuses with, or 1 without an answer in 1.5 s. */
  async operate(operation: Exclude<Operation, 'bind'>, productId: string, deviceName: string): Promise<Result> {
    this.#check(productId, deviceName);
    return this.#ask(operation, { product_id: productId, device_name: deviceName });
  }

  async bind(productId: string, deviceName: string, secret: string): Promise<Result> {
    this.#check(productId, deviceName, secret);
    const { clock } = this.#routes.line;
    const child = { device: keyOf(productId, deviceName), secret };
    const signed = tencent.children.signing?.sign(child, { now: clock.now(), random: () => clock.random() });
    if (signed === undefined || !('signature' in signed)) throw new ValueError('A sub-device cannot be bound without a signature.');
    const { signature, random, at, method, proof } = signed;
    return this.#ask('bind', { product_id: productId, device_name: deviceName, signature, random, timestamp: Math.floor(at / 1000), signmethod: method, authtype: proof });
  }

  subscribe(topics: readonly { readonly filter: string; readonly qos: 0 | 1 }[]): Result {
    this.#check();
    return this.#routes.subscribe(topics);
  }

  /** What the platform has bound to this gateway; every call asks anew. */
  async bindList(): Promise<[rc: number, list: GatewaySubdev[]]> {
    this.#check();
    const { line } = this.#routes;
    const devices = await line.within<JsonObject[]>(ANSWER_MS, (resolve) => {
      this.#lists.push(resolve);
      this.#publish({ type: LIST });
      return () => void (this.#lists = this.#lists.filter((other) => other !== resolve));
    });
    if (devices === undefined) return [FAILED, []];
    return [0, devices.map((device) => ({ product_id: textOf(device['product_id']), device_name: textOf(device['device_name']), session_status: SessionState.SUBDEV_SEESION_STATUS_INIT }))];
  }

  #find(productId: string, deviceName: string): GatewaySubdev | undefined {
    return this.children.find((child) => child.product_id === productId && child.device_name === deviceName);
  }

  #check(...given: readonly unknown[]): void {
    this.#routes.line.online();
    if (!this.#isInitialised) throw new StateError('The gateway was not initialised: call gatewayInit() first.');
    if (given.some(isNothing)) throw new ValueError('Product id, device name and secret of a sub-device are text.');
  }

  async #ask(operation: Operation, device: { readonly product_id: string; readonly device_name: string; readonly [member: string]: unknown }): Promise<Result> {
    const { line } = this.#routes;
    const key = waitKey(operation, device);
    let mid = 0;
    const result = await line.within<number>(ANSWER_MS, (resolve) => {
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve]);
      mid = this.#publish({ type: operation, payload: { devices: [device] } })[1];
      return () => void this.#waiting.set(key, (this.#waiting.get(key) ?? []).filter((other) => other !== resolve));
    });
    if (this.#waiting.get(key)?.length === 0) this.#waiting.delete(key);
    if (result === 0) return [0, mid];
    const why = result === undefined ? 'was not answered' : `was refused with ${result}: ${tencent.children.textOf?.(result) ?? 'an unknown code'}`;
    line.problem(new LianyunError(result === undefined ? 'timeout' : 'refused', `The ${operation} of ${keyOf(device.product_id, device.device_name)} ${why}.`, { device: this.#name, ...(result === undefined ? {} : { number: result }) }));
    return [result ?? FAILED, mid];
  }

  #publish(message: object): Result {
    return this.#routes.line.publish(`$gateway/operation/${this.#name}`, message, 0);
  }

  #receive(payload: Payload, topic: string, qos: number): void {
    const message = objectIn(payload, topic, this.#routes.line);
    if (message === undefined) return;
    const { type } = message;
    const body = isJsonObject(message['payload']) ? message['payload'] : {};
    const devices = (Array.isArray(body['devices']) ? body['devices'] : []).filter(isJsonObject);
    if (type === 'online' || type === 'offline' || type === 'bind' || type === 'unbind') {
      for (const device of devices) this.#answered(type, device);
    } else if (type === LIST) this.#lists.shift()?.(devices);
    else {
      // The vendor's SDK fails over it: the gateway says that it heard, and the program hears of it.
      if (type === 'change') this.#publish({ type, result: 0 });
      this.#routes.message(topic, payload, qos);
    }
  }

  #answered(type: Operation, device: JsonObject): void {
    const { result } = device;
    if (typeof result !== 'number') return;
    // One sample of the vendor's answers an unbind as a bind (reference 3.3).
    const waiting = this.#waiting.get(waitKey(type, device)) ?? (type === 'bind' ? this.#waiting.get(waitKey('unbind', device)) : undefined);
    waiting?.shift()?.(result);
  }
}

const waitKey = (operation: Operation, device: { readonly product_id?: unknown; readonly device_name?: unknown }): string => `${operation} ${keyOf(textOf(device.product_id), textOf(device.device_name))}`;
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
