import type { DeviceRef } from './device-ref.ts';
import type { JsonObject } from './json.ts';

/** A rule that a device runs itself: conditions, when they count, and what is done (Huawei 10.2). */
export interface DeviceRule {
  readonly id: string;
  readonly name?: string;
  /** Rises with each change of the rule. */
  readonly version?: number;
  readonly isActive: boolean;
  /** `and`, `or`; another word is one that this program does not know. */
  readonly logic?: string;
  /** Left out: always. */
  readonly window?: RuleWindow;
  readonly conditions: readonly RuleCondition[];
  readonly actions: readonly RuleAction[];
}

/** When a rule counts: from and to `HH:mm`, both included, on days of the week, 1 Sunday to 7 Saturday. */
export interface RuleWindow {
  readonly from?: string;
  readonly to?: string;
  readonly days?: readonly number[];
}

export type RuleCondition =
  /** A property, `service/property`, compared with a value; `between` has `low,high`, `in` has values. */
  | { readonly kind: 'data'; readonly device?: DeviceRef; readonly path?: string; readonly operator?: string; readonly value?: string; readonly values?: readonly string[] }
  /** At `HH:mm` on days of the week, 1 Sunday to 7 Saturday. */
  | { readonly kind: 'daily'; readonly time?: string; readonly days?: readonly number[] }
  /** From a time on (`yyyy-MM-dd HH:mm:ss`), `count` times, an interval apart. */
  | { readonly kind: 'interval'; readonly start?: string; readonly everySeconds?: number; readonly count?: number }
  /** One that this program does not know. */
  | { readonly kind: 'unknown'; readonly type: string };

/** A command for a device. */
export interface RuleAction {
  /** `DEVICE_CMD`; another word is one that this program does not know. */
  readonly type?: string;
  readonly isEnabled: boolean;
  readonly device?: DeviceRef;
  readonly service?: string;
  readonly name?: string;
  readonly args?: JsonObject;
}
