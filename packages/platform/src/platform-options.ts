import type { Clock, DeviceEvent, DeviceMessage, DeviceRef, LianyunError, MessageProperties } from '@lianyun/protocol';
import type { Cloud, Notice, OfflineReason } from './access/port.ts';
import type { DeviceFile } from './files.ts';
import type { AccessKeys } from './keys.ts';
import type { LogEntry } from './logs.ts';
import type { Storage } from './storage/storage.ts';
import type { BindingClaim } from './tencent/bindings.ts';
import type { Resource } from './tencent/resource-records.ts';
import type { Authority } from './tls/authority.ts';
import type { TracedFrame } from './trace.ts';
import type { Upgrade } from './upgrades/upgrade-records.ts';

/** What the platform tells. Nothing here needs a listener. */
export interface PlatformEvents {
  online: [{ readonly cloud: Cloud; readonly device: DeviceRef }];
  offline: [{ readonly cloud: Cloud; readonly device: DeviceRef; readonly reason: OfflineReason }];
  /** A device told of an event that was kept. */
  event: [{ readonly cloud: Cloud; readonly device: DeviceRef; readonly event: DeviceEvent }];
  /** A device sent a message without a model. */
  message: [{ readonly cloud: Cloud; readonly device: DeviceRef; readonly message: DeviceMessage; readonly properties?: MessageProperties }];
  /** A Huawei device put a file, or told what became of one. */
  file: [DeviceFile];
  /** A device sent a line of its log. */
  log: [LogEntry];
  /** A Tencent device passed on the token of a user who claims it. */
  claim: [BindingClaim];
  /** A Tencent device told how far a resource is. */
  resource: [Resource];
  /** The upgrade of a device came a step further, or to its end. */
  upgrade: [Upgrade];
  /** Every frame over every connection; read only while somebody listens. */
  frame: [TracedFrame];
  /** A refused sign-in, a forbidden topic, a protocol error. */
  notice: [Notice];
  /** A frame that cannot be read, a value that the model does not allow, data that could not be stored. */
  problem: [LianyunError];
}

export interface PlatformOptions {
  /** The keys that sign API requests. */
  readonly keys: AccessKeys;
  /** Huawei's project id; left out: any is taken. */
  readonly projectId?: string;
  readonly clock?: Clock;
  /** How devices and applications reach the HTTP side, where that is not as it is seen from here: behind a proxy, in a container. */
  readonly publicUrl?: string;
  /** Where everything is kept; whoever opened it closes it, after the platform. Left out: memory. */
  readonly storage?: Storage;
}

/** Where a platform listens. Port 0 takes any free one. */
export interface PlatformAddress {
  readonly host: string;
  readonly mqtt: number;
  readonly http: number;
  /** MQTT, and the APIs with MQTT over WebSocket, over TLS, with certificates of the authority; each needs it. */
  readonly mqtts?: number;
  readonly https?: number;
  readonly authority?: Authority;
}

/** The ports that are open. */
export type PlatformPorts = Pick<PlatformAddress, 'mqtt' | 'http' | 'mqtts' | 'https'>;
