import { filtersAtConnect } from './codec.late.ts';
import type { AnyDialect } from './dialect.ts';
import type { Subscription } from './rights.ts';
import type { DeviceRef } from './vocabulary.ts';

/** The filters that a device subscribes at connect, for a dialect whose platform does not do it by itself. */
export function subscriptionsOf(dialect: AnyDialect, device: DeviceRef): Subscription[] {
  // What such a platform leaves to the device is subscribed on use.
  return dialect.subscribe === 'implicit' ? [] : filtersAtConnect(dialect, device);
}
