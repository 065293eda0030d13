import { randomUUID } from 'node:crypto';
import { isLianyunError, LianyunError, stringifyExact, type DeviceRef, type PropertyGroup } from '@lianyun/protocol';
import type { Downlink } from './downlink.ts';
import type { Registry } from './registry.ts';
import type { Storage } from './storage/storage.ts';

/** What tells that desired values may be waiting for a device. */
export interface DesiredState {
  /** An application changed what is desired. */
  changed(device: DeviceRef): void;
}

interface DesiredPusherOptions {
  readonly storage: Storage;
  readonly downlink: Downlink;
  readonly registry: Registry;
  problem(problem: LianyunError): void;
}

/** A push under way, and whether something happened meanwhile that may call for another. */
interface Flight {
  isStale: boolean;
  readonly done: Promise<void>;
}

/** Sub-devices of one gateway that are told at a time. */
const AT_A_TIME = 16;
/** Sub-devices that are looked at before others have their turn. */
const A_TURN = 100;

/**
 * Brings what is desired of Huawei devices to them: at once when it changes, when they connect, and when they report something else (Huawei 3.9).
 * One push a device at a time; what is the same as was just pushed waits for the device's next report. Only a report ends it, not the answer.
 */
export class DesiredPusher implements DesiredState {
  readonly #options: DesiredPusherOptions;
  readonly #flights = new Map<DeviceRef, Flight>();
  /** The sub-devices of gateways that signed in are gone through; an entry is the latest sign-in. */
  readonly #sweeps = new Map<DeviceRef, object>();

  constructor(options: DesiredPusherOptions) {
    this.#options = options;
  }

  changed(device: DeviceRef): void {
    void this.#push(device);
  }

  /** A device of which something is desired reported. */
  reported(device: DeviceRef): void {
    void this.#push(device);
  }

  /** A device connected, with those behind it; or its gateway says that it is there. */
  cameOnline(device: DeviceRef): void {
    void this.#push(device);
    const children = this.#options.registry.childrenOf('huawei', device);
    if (children.length > 0) void this.#sweep(device, children.map((child) => child.device));
  }

  /** Begins a push if something waits; gives its end. */
  #push(device: DeviceRef): Promise<void> | undefined {
    const flight = this.#flights.get(device);
    if (flight !== undefined) {
      flight.isStale = true;
      return flight.done;
    }
    if (this.#options.storage.twins.pending('huawei', device).length === 0) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun: Flight = { isStale: false, done: promise };
    this.#flights.set(device, begun);
    void this.#fly(device, begun).finally(() => {
      this.#flights.delete(device);
      resolve();
      // Something happened when it was over already, or it failed.
      if (begun.isStale) void this.#push(device);
    });
    return promise;
  }

  async #fly(device: DeviceRef, flight: Flight): Promise<void> {
    const { storage, downlink, problem } = this.#options;
    let pushed = '';
    try {
      do {
        flight.isStale = false;
        // What cannot be stored is not desired.
        await storage.stored();
        const groups = this.#writable(device);
        const text = stringifyExact(groups);
        if (groups.length === 0 || text === pushed) return;
        pushed = text;
        const { code, text: why = 'no text' } = await downlink.setProperties('huawei', device, { id: randomUUID(), groups });
        if (code !== 0) problem(new LianyunError('refused', `${device} refused what is desired of it with code ${code}: ${why}.`, { device, number: code }));
      } while (flight.isStale);
    } catch (error) {
      // It waits for the next connection. A storage that fails tells by itself.
      if (isLianyunError(error, 'timeout')) problem(new LianyunError('timeout', `${device} did not answer what is desired of it.`, { device, cause: error }));
    }
  }

  /** What waits for a device, without what its model does not let be set: the model may have changed since. */
  #writable(device: DeviceRef): readonly PropertyGroup[] {
    const { registry, storage: { twins } } = this.#options;
    const found = registry.findDevice('huawei', device);
    if (found === undefined) return [];
    const model = registry.model('huawei', found.productId);
    return twins.pending('huawei', device).flatMap((group) => {
      const values = Object.fromEntries(Object.entries(group.values).filter(([name, value]) => model.checkProperties([{ ...group, values: Object.fromEntries([[name, value]]) }], 'set') === undefined));
      return Object.keys(values).length === 0 ? [] : [{ ...group, values }];
    });
  }

  /** Goes through the sub-devices of a gateway, a few pushes at a time: there may be ten thousand, and the gateway reads only so fast. */
  async #sweep(gateway: DeviceRef, children: readonly DeviceRef[]): Promise<void> {
    const token = {};
    this.#sweeps.set(gateway, token);
    const rest = children.values();
    let looked = 0;
    const work = async (): Promise<void> => {
      for (const child of rest) {
        if (this.#sweeps.get(gateway) !== token || !this.#options.downlink.isOnline('huawei', gateway)) return;
        const push = this.#push(child);
        if (push !== undefined) await push;
        else if (++looked % A_TURN === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    if (this.#sweeps.get(gateway) === token) this.#sweeps.delete(gateway);
  }
}
