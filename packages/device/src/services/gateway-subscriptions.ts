import { subscriptionsOf, type AnyDialect, type DeviceRef } from '@lianyun/protocol';
import type { Subscription } from '../session-owner.ts';

interface SubscriptionsOptions {
  readonly dialect: AnyDialect;
  readonly session: { subscribe(subscriptions: readonly Subscription[]): void; unsubscribe(filter: string): void };
}

type Table = Map<DeviceRef, readonly Subscription[]>;

/** What is subscribed for sub-devices on their gateway's connection: only while they are online, since the cloud refuses it before (Tencent 3.8). */
export class ChildSubscriptions {
  readonly #options: SubscriptionsOptions;
  /** What a sub-device needs beside what every one has: by what of it is used. */
  readonly #used: Table = new Map();
  /** What a program subscribed for it, and may take back. */
  readonly #asked: Table = new Map();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** Subscribes now, if the sub-device is online, and whenever it comes online. */
  keep(device: DeviceRef, subscriptions: readonly Subscription[], isOnline: boolean): void {
    this.#add(this.#used, { device, subscriptions, isOnline });
  }

  /** The same for a program, until {@link drop}. */
  ask(device: DeviceRef, subscriptions: readonly Subscription[], isOnline: boolean): void {
    this.#add(this.#asked, { device, subscriptions, isOnline });
  }

  /** Subscribes no more what a program asked for, unless it is needed all the same. */
  drop(device: DeviceRef, filter: string): void {
    this.#asked.set(device, (this.#asked.get(device) ?? []).filter((other) => other.filter !== filter));
    if (!isAmong(this.#of(device), filter)) this.#options.session.unsubscribe(filter);
  }

  cameOnline(devices: readonly DeviceRef[]): void {
    const all = devices.flatMap((device) => this.#of(device));
    if (all.length > 0) this.#options.session.subscribe(all);
  }

  wentOffline(device: DeviceRef): void {
    for (const { filter } of this.#of(device)) this.#options.session.unsubscribe(filter);
  }

  #add(to: Table, { device, subscriptions, isOnline }: { readonly device: DeviceRef; readonly subscriptions: readonly Subscription[]; readonly isOnline: boolean }): void {
    const before = this.#of(device);
    const known = to.get(device) ?? [];
    to.set(device, [...known, ...subscriptions.filter(({ filter }) => !isAmong(known, filter))]);
    const fresh = subscriptions.filter(({ filter }) => !isAmong(before, filter));
    if (isOnline && fresh.length > 0) this.#options.session.subscribe(fresh);
  }

  /** All of a sub-device's, each filter once. */
  #of(device: DeviceRef): Subscription[] {
    const kept = [...subscriptionsOf(this.#options.dialect, device), ...(this.#used.get(device) ?? [])];
    return [...kept, ...(this.#asked.get(device) ?? []).filter(({ filter }) => !isAmong(kept, filter))];
  }
}

function isAmong(subscriptions: readonly Subscription[], filter: string): boolean {
  return subscriptions.some((known) => known.filter === filter);
}
