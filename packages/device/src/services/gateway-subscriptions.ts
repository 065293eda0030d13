import { subscriptionsOf, type AnyDialect, type DeviceRef } from '@lianyun/protocol';
import type { Subscription } from '../session-owner.ts';

interface SubscriptionsOptions {
  readonly dialect: AnyDialect;
  readonly session: { subscribe(subscriptions: readonly Subscription[]): void; unsubscribe(filter: string): void };
}

/** What is subscribed for sub-devices on their gateway's connection: only while they are online, since the cloud refuses it before (Tencent 3.8). */
export class ChildSubscriptions {
  readonly #options: SubscriptionsOptions;
  /** What a sub-device needs beside what every one has: by what of it is used. */
  readonly #used = new Map<DeviceRef, readonly Subscription[]>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** Subscribes now, if the sub-device is online, and whenever it comes online. */
  keep(device: DeviceRef, subscriptions: readonly Subscription[], isOnline: boolean): void {
    const before = this.#of(device);
    const fresh = subscriptions.filter(({ filter }) => !before.some((known) => known.filter === filter));
    if (fresh.length === 0) return;
    this.#used.set(device, [...(this.#used.get(device) ?? []), ...fresh]);
    if (isOnline) this.#options.session.subscribe(fresh);
  }

  /** Subscribes it no more. */
  drop(device: DeviceRef, filter: string): void {
    this.#used.set(device, (this.#used.get(device) ?? []).filter((other) => other.filter !== filter));
    this.#options.session.unsubscribe(filter);
  }

  cameOnline(devices: readonly DeviceRef[]): void {
    const all = devices.flatMap((device) => this.#of(device));
    if (all.length > 0) this.#options.session.subscribe(all);
  }

  wentOffline(device: DeviceRef): void {
    for (const { filter } of this.#of(device)) this.#options.session.unsubscribe(filter);
  }

  #of(device: DeviceRef): Subscription[] {
    return [...subscriptionsOf(this.#options.dialect, device), ...(this.#used.get(device) ?? [])];
  }
}
