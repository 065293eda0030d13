import type { DeviceRef, DeviceRule, JsonObject } from '@lianyun/protocol';
import type { Shape } from '../storage/records.ts';

/** A rule that devices run themselves (Huawei 14.10). */
export interface RuleRecord {
  readonly id: string;
  readonly type: 'DEVICE_SIDE';
  readonly appId: string;
  readonly name: string;
  readonly description?: string;
  /** The members of the API that say what it does, as they were given. */
  readonly wire: JsonObject;
  /** The same as devices get it; its version rises with each change. */
  readonly rule: DeviceRule;
  readonly devices: readonly DeviceRef[];
  readonly updatedAt: number;
  readonly serial: number;
}

/** What one device is told of one rule. */
export interface RuleAssignment {
  readonly device: DeviceRef;
  readonly rule: string;
  /** -1: it is no more, and the device has not been told yet. */
  readonly version: number;
  readonly serial: number;
}

export const RULE_RECORDS: Shape<RuleRecord> = { name: 'rules', key: ['id'], columns: { id: 'text', type: 'text', appId: 'text' } };
export const RULE_ASSIGNMENTS: Shape<RuleAssignment> = { name: 'device_rules', key: ['device', 'rule'], columns: { device: 'text', rule: 'text' } };
