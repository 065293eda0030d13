import type { ChildInfo, ChildResult, JsonObject } from '@lianyun/protocol';
import { fill, type DeviceEvent, type ServiceProperty } from './data.ts';

/** A sub-device as the platform describes it (Huawei 5.5). */
export class DeviceInfo {
  parentDeviceId: string | undefined = undefined;
  nodeId: string | undefined = undefined;
  deviceId: string | undefined = undefined;
  name: string | undefined = undefined;
  description: string | undefined = undefined;
  manufacturerId: string | undefined = undefined;
  model: string | undefined = undefined;
  productId: string | undefined = undefined;
  fwVersion: string | undefined = undefined;
  swVersion: string | undefined = undefined;
  /** `ONLINE` or `OFFLINE`. */
  status: string | undefined = undefined;

  constructor(given?: Partial<DeviceInfo>) {
    fill(this, given);
  }
}

/** Sub-devices that were added or deleted, with the version of the list after that (Huawei 9.2). */
export class SubDevicesInfo {
  devices: DeviceInfo[] = [];
  version: number | undefined = undefined;

  constructor(given?: Partial<SubDevicesInfo>) {
    fill(this, given);
  }
}

/** A sub-device that a gateway asks the platform to create under it (Huawei 5.5). */
export class AddedSubDeviceInfo {
  parentDeviceId: string | undefined = undefined;
  /** At most 64 characters. */
  nodeId = '';
  productId = '';
  /** Left out: the platform makes `{productId}_{nodeId}`. */
  deviceId: string | undefined = undefined;
  name: string | undefined = undefined;
  description: string | undefined = undefined;
  extensionInfo: JsonObject | undefined = undefined;

  constructor(given?: Partial<AddedSubDeviceInfo>) {
    fill(this, given);
  }
}

/** A sub-device that was created for its gateway. */
export class AddedSubDeviceInfoRsp {
  deviceInfo: DeviceInfo = new DeviceInfo();
  extensionInfo: JsonObject | undefined = undefined;

  constructor(given?: Partial<Pick<AddedSubDeviceInfoRsp, 'deviceInfo' | 'extensionInfo'>>) {
    fill(this, given);
  }
}

/** Why a sub-device was not created. */
export class AddSubDeviceFailedReason {
  nodeId: string | undefined = undefined;
  productId: string | undefined = undefined;
  /** As the platform's API has it: `IOTDA.014031` and its like. */
  errorCode: string | undefined = undefined;
  errorMsg: string | undefined = undefined;

  constructor(given?: Partial<AddSubDeviceFailedReason>) {
    fill(this, given);
  }
}

/** Why a sub-device was not deleted. */
export class DelSubDeviceFailedReason {
  deviceId: string | undefined = undefined;
  errorCode: string | undefined = undefined;
  errorMsg: string | undefined = undefined;

  constructor(given?: Partial<DelSubDeviceFailedReason>) {
    fill(this, given);
  }
}

/** What became of the sub-devices that a gateway wanted created. */
export class GtwAddSubDeviceRsp {
  successfulDevices: AddedSubDeviceInfoRsp[] = [];
  addSubDeviceFailedReasons: AddSubDeviceFailedReason[] = [];

  constructor(given?: Partial<GtwAddSubDeviceRsp>) {
    fill(this, given);
  }
}

/** What became of the sub-devices that a gateway wanted deleted. */
export class GtwDelSubDeviceRsp {
  /** Device ids. */
  successfulDevices: string[] = [];
  failedDevices: DelSubDeviceFailedReason[] = [];

  constructor(given?: Partial<GtwDelSubDeviceRsp>) {
    fill(this, given);
  }
}

/** Values of one sub-device in a report of many (Huawei 3.5). */
export class DeviceProperty {
  deviceId = '';
  services: ServiceProperty[] = [];

  constructor(given?: Partial<DeviceProperty>) {
    fill(this, given);
  }
}

/** Whether a sub-device is there. */
export class DeviceStatus {
  deviceId = '';
  /** `ONLINE` or `OFFLINE`. */
  status = '';

  constructor(given?: Partial<DeviceStatus>) {
    fill(this, given);
  }
}

/** The platform wants the gateway to look for sub-devices (Huawei 5.5, `start_scan`). */
export class ScanSubDeviceNotify {
  protocol: string | undefined = undefined;
  channel: string | undefined = undefined;
  /** The gateway. */
  parent: string | undefined = undefined;
  settings: JsonObject | undefined = undefined;

  constructor(given?: Partial<ScanSubDeviceNotify>) {
    fill(this, given);
  }
}

/** A command for a sub-device (Huawei 4.1), or for a service. */
export class Command {
  deviceId: string | undefined = undefined;
  serviceId = '';
  commandName = '';
  paras: JsonObject = {};

  constructor(given?: Partial<Command>) {
    fill(this, given);
  }
}

/** What a rule does (Huawei 10.2). */
export class Action {
  type = 'DEVICE_CMD';
  /** `enable`: others are not run. */
  status = 'enable';
  /** The device that it is for. */
  deviceId: string | undefined = undefined;
  command: Command = new Command();

  constructor(given?: Partial<Action>) {
    fill(this, given);
  }
}

/** Values that the platform sets on a sub-device (Huawei 3.6). */
export class PropSet {
  deviceId: string | undefined = undefined;
  services: ServiceProperty[] = [];

  constructor(given?: Partial<PropSet>) {
    fill(this, given);
  }
}

/** Values that the platform asks a sub-device for (Huawei 3.7). */
export class PropsGet {
  deviceId: string | undefined = undefined;
  /** Empty: of all services. */
  serviceId = '';

  constructor(given?: Partial<PropsGet>) {
    fill(this, given);
  }
}

/** Events for a sub-device (Huawei 5.0). */
export class DeviceEvents {
  deviceId: string | undefined = undefined;
  services: DeviceEvent[] = [];

  constructor(given?: Partial<DeviceEvents>) {
    fill(this, given);
  }
}

/** A sub-device in this face's words. */
export function infoOf({ device, gateway, node, product, name, description, manufacturer, model, firmware, software, status }: Partial<ChildInfo>): DeviceInfo {
  return new DeviceInfo({ parentDeviceId: gateway, nodeId: node, deviceId: device, name, description, manufacturerId: manufacturer, model, productId: product, fwVersion: firmware, swVersion: software, status });
}

/** What became of those that were to be created. */
export function addedOf(children: readonly ChildResult[]): GtwAddSubDeviceRsp {
  return new GtwAddSubDeviceRsp({
    successfulDevices: children.filter(({ code }) => code === 0).map((child) => new AddedSubDeviceInfoRsp({ deviceInfo: infoOf(child), extensionInfo: child.info })),
    addSubDeviceFailedReasons: children.filter(({ code }) => code !== 0).map(({ node, product, error, text }) => new AddSubDeviceFailedReason({ nodeId: node, productId: product, errorCode: error, errorMsg: text })),
  });
}

/** What became of those that were to be deleted. */
export function deletedOf(children: readonly ChildResult[]): GtwDelSubDeviceRsp {
  return new GtwDelSubDeviceRsp({
    successfulDevices: children.flatMap(({ code, device }) => (code === 0 && device !== undefined ? [device] : [])),
    failedDevices: children.filter(({ code }) => code !== 0).map(({ device, error, text }) => new DelSubDeviceFailedReason({ deviceId: device, errorCode: error, errorMsg: text })),
  });
}
