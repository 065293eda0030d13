/**
 * Thing models. A model comes from a vendor's file (`readHuaweiProfile`, `readTencentTemplate`) or from a literal in a
 * program (`defineModel`), and goes onto a cloud with `forCloud` and into the vendors' files with `toHuaweiProfile` and
 * `toTencentTemplate`; `compileModel` judges values.
 *
 * A program has the same names and values on both clouds. What becomes of them there:
 *
 * | Type in a literal | The program's value | Huawei | Tencent |
 * | --- | --- | --- | --- |
 * | `int` | number | `int` | `int` |
 * | `long` | bigint; also number or digits when it gives one | `long`, exact in JSON | `int` up to 2^53 - 1, others refused |
 * | `decimal` | number | `decimal` | `float` |
 * | `string` | string | `string`, without the least length | `string` |
 * | `string` with `values` | one of the strings | `string` with `enum_list` | `stringenum` |
 * | `boolean` | `true`, `false` | `boolean` | `bool`: 1, 0 |
 * | `enum` of `['auto']` | the string | `enum` | `stringenum` |
 * | `enum` of `{ red: 0 }` | the string | `enum` | `enum`: the integer |
 * | `date-time` | UTC text | `DateTime` | `timestamp`: milliseconds if the text has a fraction, else seconds; 2001 to 2286 |
 * | `timestamp` | seconds or milliseconds | `DateTime`, with a fraction for milliseconds | `timestamp` |
 * | `string-list` | strings | `string list` | `array` of `string` |
 * | `array` of `string` | strings | `string list` | `array` |
 * | `array` of others | list | left out | `array` |
 * | `struct` | object, any subset | `jsonObject`, members judged by the device only | `struct` |
 * | `json-object` | JSON object | `jsonObject` | left out |
 *
 * | | Huawei | Tencent |
 * | --- | --- | --- |
 * | service | service | none: a property, command or event is known by its name alone, which must be unique; a set comes back by services |
 * | property that is `writable` | `W` | `rw`, else `r` |
 * | property that is not `readable` or not `observable` | without `R`, without `E` | like any other |
 * | optional parameter | optional | required |
 * | several responses of a command | all | the first |
 * | no output | any answer | no answer |
 * | title, labels, severity, `start`, description of a command or event | left out | kept; where missing the name, `off` and `on`, `info` |
 * | type, option, description of a service, default value | kept | left out |
 *
 * A command or event is left out whole when a required parameter is. Whatever is left out or changed (but for texts,
 * `readable` and `observable`) stands in the problems of `forCloud`.
 *
 * @module
 */
export { compileModel, defineModel, forCloud, generateModelSource, modelFaultOf, readHuaweiProfile, readTencentTemplate, tencentModelCode, tencentStatus, toBoth, toHuaweiProduct, toHuaweiProfile, toTencentTemplate, violationError } from './model.late.ts';
export type { CheckedGroup, CheckedValues, CompiledModel, Violation } from './check.ts';
export type { ViolationReason } from './check-value.ts';
export type { CallLike, Conversion, Converted, EventLike, GroupLike } from './conversion.ts';
export type { CloudModel } from './for-cloud.ts';
export type { ModelLiteral } from './literal.ts';
export type { MappingProblem } from './map-service.ts';
export type {
  AnyModel,
  Cloud,
  Command,
  CommandOutput,
  EnumOption,
  Event,
  EventType,
  Option,
  Parameter,
  Property,
  Scale,
  Service,
  ThingModel,
  ValueType,
} from './model.ts';
export type { ModelSourceOptions } from './source.ts';
export type { ModelFault, ModelFaultKind } from './spot.ts';
export type { ArgsOf, CallOf, CommandNames, DefinedModel, EventsOf, Int64, IsTyped, OutputOf, ReportOf, ServiceNames, SetOf } from './typed.ts';
export type { HuaweiProduct, HuaweiProductOptions, HuaweiService } from './write-huawei.ts';
export type { TencentTemplate } from './write-tencent.ts';
