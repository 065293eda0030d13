import type { Violation } from './check.ts';
import { modelFaultOf, type ModelFaultKind } from './spot.ts';

/**
 * What Tencent's platform answers to a report, an event or a set that the template does not allow (tencent 2.1, 2.6).
 * Where the vendor's text is not known, ours stands in its place. Note 2.1: the real cloud takes a struct with a wrong
 * member and puts the member's default there.
 */
export function tencentStatus(violation: Violation): { readonly code: 406; readonly status: string } {
  return { code: 406, status: statusText(violation) };
}

function statusText({ reason, field, given, type, path, message }: Violation): string {
  if (reason === 'unknown-property') return 'Not find PropertySchema';
  if (reason === 'missing' && path.startsWith('events.')) return 'Param count not match';
  if (type === undefined || given === undefined || reason === 'not-writable') return message;
  if (type.kind === 'int-enum' || type.kind === 'string-enum') return `${field} value ${given} enum not defined`;
  if (type.kind === 'boolean') return `${field} value ${given} out of range:[0,1]`;
  if ((type.kind === 'int' || type.kind === 'decimal') && type.min !== undefined && type.max !== undefined) {
    return `${field} value ${given} out of range:[${type.min},${type.max}]`;
  }
  return message;
}

const MODEL_CODES: Record<ModelFaultKind, string> = {
  'no-model': 'ModelDefineNil',
  'bad-shape': 'ModelDefineInvalid',
  missing: 'ModelDefineEventPropError',
  'bad-name': 'ModelDefineEventPropNameError',
  duplicate: 'ModelDefineDupID',
  'duplicate-parameter': 'ModelDefineEventParamsDupID',
  'unknown-type': 'ModelDefineErrorType',
  'bad-access': 'ModelDefineErrorModel',
  'bad-event-type': 'ModelDefineEventTypeError',
  'bad-range': 'ModelDefinePropRangeError',
  'bad-bool-mapping': 'ModelDefinePropBoolMappingError',
  'bad-enum-mapping': 'ModelDefinePropEnumMappingError',
};

/**
 * The error code of ModifyModelDefinition (tencent 10.6) for what {@link readTencentTemplate} threw, for example
 * `InvalidParameterValue.ModelDefineDupID`; undefined for any other error.
 */
export function tencentModelCode(error: unknown): string | undefined {
  const fault = modelFaultOf(error);
  return fault && `InvalidParameterValue.${MODEL_CODES[fault.fault]}`;
}
