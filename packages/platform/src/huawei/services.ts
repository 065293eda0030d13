import type { Clock, DeviceRef, LianyunError, Peer } from '@lianyun/protocol';
import type { AccessPort, Client } from '../access/port.ts';
import type { Downlink } from '../downlink.ts';
import { AsyncCommands } from './async-commands.ts';
import { BatchTasks } from './batch-tasks.ts';
import { Configurations } from './configurations.ts';
import { DeviceGroups } from './device-groups.ts';
import { DeviceSearch } from './device-search.ts';
import { Tags } from './tags.ts';
import { Provisioning } from '../provisioning/provisioning.ts';
import type { Registry } from '../registry.ts';
import { DeviceRules } from '../rules/device-rules.ts';
import type { Storage } from '../storage/storage.ts';

interface HuaweiServicesOptions {
  readonly storage: Storage;
  readonly registry: Registry;
  readonly downlink: Downlink;
  readonly access: Pick<AccessPort, 'client'>;
  readonly peer: Pick<Peer, 'send' | 'handle'>;
  readonly clock: Clock;
  /** Where a device reaches this platform's MQTT. */
  addressFor(client: Client): string | undefined;
  problem(problem: LianyunError): void;
}

/** What IoTDA does for its devices beside what both clouds do. */
export class HuaweiServices {
  readonly provisioning: Provisioning;
  readonly rules: DeviceRules;
  readonly configurations: Configurations;
  readonly commands: AsyncCommands;
  readonly tags: Tags;
  readonly search: DeviceSearch;
  readonly groups: DeviceGroups;
  readonly batchTasks: BatchTasks;

  constructor(options: HuaweiServicesOptions) {
    this.provisioning = new Provisioning(options);
    this.rules = new DeviceRules(options);
    this.configurations = new Configurations(options);
    this.commands = new AsyncCommands(options);
    this.tags = new Tags(options);
    this.search = new DeviceSearch({ ...options, tags: this.tags, groupsOf: (device) => this.groups.of(device).map(({ id }) => id) });
    this.groups = new DeviceGroups({ ...options, search: this.search });
    this.batchTasks = new BatchTasks(options);
  }

  /** A device connected, or its gateway says that it is there. */
  cameOnline(device: DeviceRef): void {
    this.rules.cameOnline(device);
    this.configurations.cameOnline(device);
    this.commands.cameOnline(device);
  }

  /** A device is no more: nothing that is known of it stays. */
  forget(device: DeviceRef): void {
    this.rules.forget(device);
    this.configurations.forget(device);
    this.commands.forget(device);
    this.tags.forget(device);
    this.groups.forget(device);
  }

  close(): void {
    this.configurations.close();
    this.commands.close();
    this.batchTasks.close();
  }
}
