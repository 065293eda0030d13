/** Tencent Cloud IoT Explorer in the words of Tencent's own device SDK; a translation onto the device of `lianyun`. */
export type { HubOptions } from './address.ts';
export { ErrorCode, KeyError, StateError, ValueError } from './errors.ts';
export { QcloudExplorer } from './explorer.ts';
export { SessionState, type GatewaySubdev } from './gateway.ts';
export type { HubConnection } from './hub-connection.ts';
export { QcloudHub } from './hub.ts';
export type { MqttCallbacks } from './line.ts';
export { Logger, LoggerLevel, type LogOptions } from './log.ts';
export type { TopicSelection } from './selection.ts';
export { OtaCmdType, OtaState } from './ota.ts';
export { ReplyPara } from './template.ts';
export type { TemplateAction, TemplateEvent, TemplateProperty } from './template-lists.ts';
export { HubState, type Payload, type Publishable, type Result, type Told, type TopicCallback } from './words.ts';
