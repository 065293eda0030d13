/** Huawei Cloud IoTDA in the words of Huawei's own device SDK; a translation onto the device of `lianyun`. */
export { ClientConf, ConnectAuthInfo, MqttConnectConf } from './configuration.ts';
export { CommandRsp, DeviceBaseInfo, DeviceEvent, DeviceMessage, IotResult, OTAPackage, OTAPackageInfo, OTAQueryVersion, PropertiesData, RawDeviceMessage, ServiceProperty, ShadowData, UrlInfo } from './data.ts';
export { DeviceClient, type RawMessage, type ShadowRequest } from './device-client.ts';
export { FileManagerService } from './file-manager-service.ts';
export { IotDevice } from './iot-device.ts';
export {
  ActionListener,
  CommandListener,
  ConnectListener,
  DeviceMessageListener,
  DeviceShadowListener,
  FileManagerListener,
  OTAListener,
  PropertyListener,
  RawDeviceMessageListener,
  TimeSyncListener,
} from './listeners.ts';
export { OTAService, type OtaStatus } from './ota-service.ts';
export { TimeSyncService } from './time-sync-service.ts';
