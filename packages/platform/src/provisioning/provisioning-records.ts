import type { Shape } from '../storage/records.ts';

/** Devices that register themselves through what they share (Huawei 6.2). */
export interface ProvisioningGroup {
  readonly scopeId: string;
  /** What its devices become. */
  readonly productId: string;
  /** The group's secret, base64 of 32 to 128 bytes; left out: they have certificates. */
  readonly secret?: string;
  /** The certificate, PEM, of the authority that signs theirs; left out: the platform's own. */
  readonly authority?: string;
  /** What they are called, with `{device_id}` for the id; left out: the id. */
  readonly deviceName?: string;
  readonly createdAt: number;
  readonly serial: number;
}

/** A static policy: which devices are sent where (Huawei 6.1, 6.3). Of several that are for a device the oldest counts. */
export interface ProvisioningPolicy {
  readonly id: string;
  /** What is looked for. Empty: it is for every device. */
  readonly keyword: string;
  /** Where it is looked for: in the device's name or id, or in what it reports. */
  readonly source: 'device-name' | 'report';
  /** Only for devices with a certificate that this authority signed, PEM. */
  readonly authority?: string;
  /** `host:port` to send them to; left out: this platform, as the device reached it. */
  readonly address?: string;
  /** Their first configuration, JSON text. */
  readonly config?: string;
  readonly createdAt: number;
  readonly serial: number;
}

export const GROUPS: Shape<ProvisioningGroup> = { name: 'provisioning_groups', key: ['scopeId'], columns: { scopeId: 'text', secret: 'secret' } };
export const POLICIES: Shape<ProvisioningPolicy> = { name: 'provisioning_policies', key: ['id'], columns: { id: 'text' } };
