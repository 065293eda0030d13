export { compileModel, violationError, type CheckedGroup, type CheckedValues, type CompiledModel, type Violation } from './check.ts';
export type { ViolationReason } from './check-value.ts';
export { readHuaweiProfile } from './huawei-profile.ts';
export {
  type Cloud,
  type Command,
  type CommandOutput,
  type Event,
  type EventType,
  type Option,
  type Parameter,
  type Property,
  type Scale,
  type Service,
  type ThingModel,
  type ValueType,
} from './model.ts';
export { modelFaultOf, type ModelFault, type ModelFaultKind } from './spot.ts';
export { readTencentTemplate } from './tencent-template.ts';
export { tencentModelCode, tencentStatus } from './tencent-status.ts';
