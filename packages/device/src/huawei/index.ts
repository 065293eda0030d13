/** Huawei Cloud IoTDA in the words of Huawei's own device SDK; a translation onto the device of `lianyun`. */
export { AbstractGateway } from './abstract-gateway.ts';
export { AbstractService, command, property, Property, type PropertyValue, type ServiceOwner } from './abstract-service.ts';
export { ClientConf, ConnectAuthInfo, MqttConnectConf } from './configuration.ts';
export { CommandRsp, DeviceBaseInfo, DeviceEvent, DeviceMessage, IotResult, OTAPackage, OTAPackageInfo, OTAQueryVersion, PropertiesData, RawDeviceMessage, RawMessage, ServiceProperty, ShadowData, UrlInfo } from './data.ts';
export { DeviceClient, type RawMessageLike, type ShadowRequest } from './device-client.ts';
export { DeviceLogService } from './device-log-service.ts';
export { FileManagerService } from './file-manager-service.ts';
export {
  Action,
  AddedSubDeviceInfo,
  AddedSubDeviceInfoRsp,
  AddSubDeviceFailedReason,
  Command,
  DelSubDeviceFailedReason,
  DeviceEvents,
  DeviceInfo,
  DeviceProperty,
  DeviceStatus,
  GtwAddSubDeviceRsp,
  GtwDelSubDeviceRsp,
  PropSet,
  PropsGet,
  ScanSubDeviceNotify,
  SubDevicesInfo,
} from './gateway-data.ts';
export { IotDevice } from './iot-device.ts';
export {
  ActionHandler,
  ActionListener,
  CommandListener,
  ConnectActionListener,
  ConnectListener,
  DeviceConfigListener,
  DeviceMessageListener,
  DeviceShadowListener,
  FileManagerListener,
  GtwOperateSubDeviceListener,
  OTAListener,
  PropertyListener,
  RawDeviceMessageListener,
  RawMessageListener,
  SubDevDiscoveryListener,
  SubDevicesPersistence,
  TimeSyncListener,
  type Told,
} from './listeners.ts';
export { OTAService, type OtaStatus } from './ota-service.ts';
export { TimeSyncService } from './time-sync-service.ts';
