import type { DeviceMessage, IotResult, OTAPackage, OTAPackageInfo, OTAQueryVersion, RawDeviceMessage, RawMessage, ServiceProperty, ShadowData, UrlInfo } from './data.ts';
import type { Action, DeviceInfo, GtwAddSubDeviceRsp, GtwDelSubDeviceRsp, ScanSubDeviceNotify, SubDevicesInfo } from './gateway-data.ts';
import type { JsonObject, JsonValue } from '@lianyun/protocol';

/** What a listener's method may give: nothing, or the promise of having finished. What it throws becomes a failed answer, where there is one, and a problem. */
export type Told = void | Promise<void>;

/** Hears once whether a message arrived (seed 11.2). */
export abstract class ActionListener {
  abstract onSuccess(message: string): Told;
  abstract onFailure(message: string, error: Error): Told;
}

/** Takes commands; answers with `respondCommand()` (seed 4.3). */
export abstract class CommandListener {
  abstract onCommand(requestId: string, serviceId: string, commandName: string, paras: JsonObject): Told;
}

/** Takes messages in the system's format (seed 5.3). */
export abstract class DeviceMessageListener {
  abstract onDeviceMessage(message: DeviceMessage): Told;
}

/** Takes messages as the bytes that they are. */
export abstract class RawDeviceMessageListener {
  abstract onRawDeviceMessage(message: RawDeviceMessage): Told;
}

/** Takes what the platform sets and asks for; answers with `respondPropertiesSet()` and `respondPropertiesGet()` (seed 6.3). */
export abstract class PropertyListener {
  abstract onPropertySet(requestId: string, services: ServiceProperty[]): Told;
  abstract onPropertyGet(requestId: string, serviceId: string): Told;
}

/** Takes the shadow that was asked for (seed 6.3). */
export abstract class DeviceShadowListener {
  abstract onShadowGet(requestId: string, objectDeviceId: string, shadow: ShadowData[]): Told;
}

/** Takes upgrades; answers with `reportVersion()` and `reportOtaStatus()` (seed 7.3). */
export abstract class OTAListener {
  abstract onQueryVersion(query: OTAQueryVersion): Told;
  abstract onReceivePackageInfo(pkg: OTAPackageInfo): Told;
  /** Where it is there, the package is downloaded, checked and handed over. */
  onReceivePackage?(pkg: OTAPackage): Told;
}

/** Takes the platform's time (seed 10.3); all in ms since 1970. */
export abstract class TimeSyncListener {
  abstract onTimeSyncResponse(deviceSendTime: number, serverRecvTime: number, serverSendTime: number): Told;
}

/** Takes the URLs that were asked for (seed 9.3). */
export abstract class FileManagerListener {
  abstract onUploadUrl(urlInfo: UrlInfo): Told;
  abstract onDownloadUrl(urlInfo: UrlInfo): Told;
}

/** Takes what arrives on a custom topic. */
export abstract class RawMessageListener {
  abstract onMessageReceived(message: RawMessage): Told;
}

/** Hears of the connection. */
export abstract class ConnectListener {
  abstract connectComplete(reconnect: boolean, serverUri: string): Told;
  abstract connectionLost(cause: string): Told;
}

/** Hears how a call of `connect()` ended. */
export abstract class ConnectActionListener {
  /** @param token 0. */
  abstract onSuccess(token: number): Told;
  /** @param token what `connect()` gives: a CONNACK code, or -1. */
  abstract onFailure(token: number, error: Error): Told;
}

/** Keeps a gateway's list of sub-devices (Huawei 9.2). A notice whose version is above 0 and not above the stored one is an old one. */
export abstract class SubDevicesPersistence {
  abstract getSubDevice(nodeId: string): DeviceInfo | null | undefined;
  /** Gives 0 for success, or nothing. */
  abstract addSubDevices(subDevicesInfo: SubDevicesInfo): Told | number;
  /** Gives 0 for success, or nothing. */
  abstract deleteSubDevices(subDevicesInfo: SubDevicesInfo): Told | number;
  /** The version of the list that is kept; 0 for none. */
  abstract getVersion(): number;
}

/** Hears how adding and deleting sub-devices ended. */
export abstract class GtwOperateSubDeviceListener {
  abstract onAddSubDeviceRsp(gtwAddSubDeviceRsp: GtwAddSubDeviceRsp, eventId: string | undefined): Told;
  abstract onDelSubDeviceRsp(gtwDelSubDeviceRsp: GtwDelSubDeviceRsp, eventId: string | undefined): Told;
}

/** Searches for sub-devices when the platform asks for it; answers with `reportSubDevList()`. */
export abstract class SubDevDiscoveryListener {
  abstract onScan(scanSubDeviceNotify: ScanSubDeviceNotify): Told;
}

/** Takes the configuration that the platform gives this device (Huawei 5.8). */
export abstract class DeviceConfigListener {
  /**
   * @param deviceConfig any JSON, an object as a rule.
   * What it gives is the answer, at once or later; nothing is success, and what it throws is a failure.
   */
  abstract onDeviceConfig(deviceConfig: JsonValue): IotResult | void | Promise<IotResult | void>;
}

/** Takes what the rules of the device do (Huawei 10), instead of the device's own command listener. */
export abstract class ActionHandler {
  /** The actions of one rule that was met. */
  abstract handleRuleAction(actions: Action[]): Told;
}
