export { systemClock, type Clock, type Timer } from './clock.ts';
export type { Codec, Frame, Read } from './codec.ts';
export { codecOf, entriesOf, filtersFor, rightsOf } from './codec.late.ts';
export {
  ANY_TAG,
  row,
  type AnyDialect,
  type ChildRules,
  type CustomTopic,
  type Decoded,
  type Dialect,
  type IdentityOf,
  type Limits,
  type OpsOf,
  type OtaRules,
  type Row,
  type RowInit,
  type RuleRules,
  type Rows,
  type WireSchema,
} from './dialect.ts';
export { json, plain, raw, textOf, type Envelope, type Part, type Payload } from './envelope.ts';
export { ERROR_TABLE, isLianyunError, LianyunError, type ErrorCode, type ErrorPlace } from './errors.ts';
export { huawei, type HuaweiIdentity, type HuaweiSignature } from './huawei/index.ts';
export { readEventTime } from './huawei/event-time.ts';
export { derivedSecret, endsLikeSignature, provisionedIdentity } from './huawei/sign-in.ts';
export { isJsonObject, mergeOwn, parseExact, stringifyExact, type JsonObject, type JsonValue } from './json.ts';
export type { Link, SendOptions } from './link.ts';
export type { MessageProperties } from './message-properties.ts';
export { Peer, type Handler, type HandlerFinder, type PeerOptions, type PeerRequestOptions, type PeerSendOptions } from './peer.ts';
export { failedReceipt, PendingReceipt, type Receipt } from './receipt.ts';
export { Replays } from './replays.ts';
export type { Rights, Subscription, TopicKind } from './rights.ts';
export { subscriptionsOf } from './subscriptions.ts';
export type { Claim, MqttCredentials, PreSharedKey, Refusal, SignIn, SignInContext } from './sign-in.ts';
export {
  tencentHttp,
  tencentHttpGateway,
  type LegacyRegistration,
  type RegistrationAnswer,
  type RegistrationForm,
  type TencentCredential,
  type TencentHttpAlgorithm,
  type TencentHttpCall,
  type TencentHttpFault,
  type TencentHttpKey,
  type LegacyLogs,
  type TencentHttpMessage,
  type TencentLogLevel,
  type TencentLogLine,
  type TencentLogs,
  type TencentHttpProof,
  type TencentHttpRequest,
  type TencentRefusal,
  type TencentRegistration,
} from './tencent/http.ts';
export { tencent, type TencentIdentity } from './tencent/index.ts';
export { fillTemplate, parseTemplate, TopicTable, type AnySlots, type Slots, type Template } from './topic.ts';
export {
  EXCHANGES,
  type ChildDraft,
  type ChildInfo,
  type ChildResult,
  type CommandResult,
  type DeviceEvent,
  type DeviceInfo,
  type DeviceMessage,
  type DeviceRef,
  type DeviceRule,
  type Draft,
  type FenceAlarm,
  type FileDirection,
  type Message,
  type Op,
  type OtaOffer,
  type OtaProgress,
  type OtaTask,
  type Outcome,
  type PropertyGroup,
  type ReplyOp,
  type RequestOp,
  type ResourceOffer,
  type ResourceProgress,
  type ResourceVersion,
  type RuleAction,
  type RuleCondition,
  type RuleWindow,
  type ShadowDocument,
  type ShadowService,
  type UpgradeFailure,
  type UpgradeStep,
  type Vocabulary,
} from './vocabulary.ts';
export {
  compileModel,
  defineModel,
  forCloud,
  generateModelSource,
  readHuaweiProfile,
  readTencentTemplate,
  tencentModelCode,
  tencentStatus,
  toBoth,
  toHuaweiProduct,
  toHuaweiProfile,
  toTencentTemplate,
  violationError,
  type AnyModel,
  type ArgsOf,
  type CallOf,
  type CloudModel,
  type CommandNames,
  type CompiledModel,
  type Conversion,
  type DefinedModel,
  type EventsOf,
  type HuaweiProduct,
  type HuaweiProductOptions,
  type Int64,
  type IsTyped,
  type MappingProblem,
  type ModelLiteral,
  type ModelSourceOptions,
  type OutputOf,
  type ReportOf,
  type ServiceNames,
  type SetOf,
  type TencentTemplate,
  type ThingModel,
  type Violation,
} from './model/index.ts';
