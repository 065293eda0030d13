import { LianyunError } from '../errors.ts';
import { compileMembers, compileNames, type Check, type Refusal, type ViolationReason } from './check-value.ts';
import { listed } from './describe.ts';
import { given } from './given.ts';
import type { AnyModel, Command, Service, ValueType } from './model.ts';
import { RULES, type Rules } from './rules.ts';
import { join, shown } from './spot.ts';

/** A value or a name that the thing model does not allow. */
export interface Violation {
  /** The place: `properties.env.temperature`, `commands.light.blink.args.times`, `events.low_voltage.voltage`. */
  readonly path: string;
  readonly reason: ViolationReason;
  /** What was given, where, and what is allowed. */
  readonly message: string;
  /** The property, parameter, member, command, event or service concerned; for an element of an array the array. */
  readonly field: string;
  /** The given value as JSON, a string cut to 48 characters, an array or object as its kind; left out when none was given. */
  readonly given?: string;
  /** What is declared at the place; left out when nothing is. */
  readonly type?: ValueType;
}

/** Values as the user gives them, a `PropertyGroup` among others; a `long` may be a bigint. */
export interface CheckedGroup {
  readonly service?: string | undefined;
  readonly values: CheckedValues;
}
/** Values by name. */
export type CheckedValues = { readonly [name: string]: unknown };

/**
 * A thing model made ready to judge values, many times faster than walking through it. Every function returns the first
 * violation, or undefined; none of them throws. Tencent's model has no services: there `service` is left out or undefined,
 * and any other is refused, since the wire would lose it.
 */
export interface CompiledModel {
  readonly model: AnyModel;
  /** Judges a report, or a set (`not-writable`). Any subset of the properties may be named, also none. */
  checkProperties(groups: readonly CheckedGroup[], use: 'report' | 'set'): Violation | undefined;
  /** Judges the arguments of a command or action. */
  checkArgs(service: string | undefined, command: string, args: CheckedValues): Violation | undefined;
  /**
   * Judges the answer to a command that succeeded (a failure's answer is free). `response` is Huawei's `response_name`;
   * without it any declared response may match. A command that declares no response may answer anything.
   */
  checkOutput(service: string | undefined, command: string, output: CheckedValues, response?: string): Violation | undefined;
  /** Judges an event; `type` is the severity in the message, judged when it is given. */
  checkEvent(service: string | undefined, event: string, params: CheckedValues, type?: string): Violation | undefined;
}

interface CompiledService {
  readonly report: Check;
  readonly set: Check;
  readonly commands: ReadonlyMap<string, CompiledCommand>;
  readonly events: ReadonlyMap<string, { readonly type?: string; readonly params: Check }>;
}

interface CompiledCommand {
  readonly args: Check;
  readonly outputs: readonly { readonly name?: string; readonly params: Check }[];
}

/**
 * Compiles a model. The rules are those of `model.cloud` unless others are given: Tencent takes 0 and 1 for a bool and refuses
 * `true`, Huawei the other way round; see {@link ValueType} and clauses huawei 14.6, tencent 2.1, 2.6, 2.7 and 2.10. A step is never enforced.
 * Throws `bad-config` for what is no model.
 */
export function compileModel(model: AnyModel, rules: Rules = RULES[given(model).cloud]): CompiledModel {
  const services = new Map(given(model).services.map((service) => [service.name, compileService(service, rules)]));
  const unknownService = (path: string, service: string | undefined) => violation(path, unknown('unknown-service', service ?? '', noService(model, service)));

  return {
    model,

    checkProperties(groups, use) {
      for (const { service: name, values } of groups) {
        const service = services.get(name);
        if (service === undefined) return unknownService(pathOf('properties', name), name);
        const refusal = use === 'set' ? service.set(values) : service.report(values);
        if (refusal !== undefined) return violation(pathOf('properties', name), refusal);
      }
      return undefined;
    },

    checkArgs(serviceName, commandName, args) {
      const service = services.get(serviceName);
      const path = () => join(pathOf('commands', serviceName), commandName);
      if (service === undefined) return unknownService(path(), serviceName);
      const command = service.commands.get(commandName);
      if (command === undefined) return violation(path(), unknown('unknown-command', commandName, listed([...service.commands.keys()])));
      const refusal = command.args(args);
      return refusal && violation(`${path()}.args`, refusal);
    },

    checkOutput(serviceName, commandName, output, response) {
      const service = services.get(serviceName);
      const path = () => join(pathOf('commands', serviceName), commandName);
      if (service === undefined) return unknownService(path(), serviceName);
      const command = service.commands.get(commandName);
      if (command === undefined) return violation(path(), unknown('unknown-command', commandName, listed([...service.commands.keys()])));
      const { outputs } = command;
      if (outputs.length === 0) return undefined;
      const candidates = response === undefined ? outputs : outputs.filter((each) => each.name === response);
      if (candidates.length === 0) {
        const names = listed(outputs.map((each) => each.name ?? 'one without a name'));
        return violation(`${path()}.output`, unknown('unknown-response', response ?? '', names));
      }
      let first: Refusal | undefined;
      for (const { params } of candidates) {
        const refusal = params(output);
        if (refusal === undefined) return undefined;
        first ??= refusal;
      }
      return first && violation(`${path()}.output`, first);
    },

    checkEvent(serviceName, eventName, params, type) {
      const service = services.get(serviceName);
      const path = () => join(pathOf('events', serviceName), eventName);
      if (service === undefined) return unknownService(path(), serviceName);
      const event = service.events.get(eventName);
      if (event === undefined) return violation(path(), unknown('unknown-event', eventName, listed([...service.events.keys()])));
      if (type !== undefined && event.type !== undefined && type !== event.type) {
        return violation(path(), { reason: 'wrong-event-type', at: '', field: eventName, given: type, allowed: `the type ${event.type}` });
      }
      const refusal = event.params(params);
      return refusal && violation(path(), refusal);
    },
  };
}

/** The error of a violation: code `model-violation`, `place.path` the path of the violation. */
export function violationError(violation: Violation, device?: string): LianyunError {
  return new LianyunError('model-violation', violation.message, { path: violation.path, ...(device !== undefined && { device }) });
}

function compileService(service: Service, rules: Rules): CompiledService {
  const report = compileMembers(
    service.properties.map((property) => ({ ...property, required: false })),
    { rules, unknown: 'unknown-property' },
  );
  return {
    report,
    set: compileSet(service, report),
    commands: new Map(service.commands.map((command) => [command.name, compileCommand(command, rules)])),
    events: new Map(
      service.events.map(({ name, type, params }) => [name, { ...(type && { type }), params: compileMembers(params, { rules, unknown: 'unknown-parameter' }) }]),
    ),
  };
}

/** A set is a report of properties that can be written. */
function compileSet({ properties }: Service, report: Check): Check {
  if (properties.every((property) => property.writable)) return report;
  const writable = listed(properties.filter((property) => property.writable).map((property) => property.name));
  const allowed: Check = () => undefined;
  const checkWritable = compileNames(
    new Map(
      properties.map(({ name, type, writable: isWritable }) => {
        const refuse: Check = (given) => ({ reason: 'not-writable', at: '', given, allowed: writable, type });
        return [name, isWritable ? allowed : refuse];
      }),
    ),
    'unknown-property',
  );
  return (values) => checkWritable(values) ?? report(values);
}

function compileCommand(command: Command, rules: Rules): CompiledCommand {
  const compile = (params: Command['args']) => compileMembers(params, { rules, unknown: 'unknown-parameter' });
  return {
    args: compile(command.args),
    outputs: command.outputs.map(({ name, params }) => ({ ...(name !== undefined && { name }), params: compile(params) })),
  };
}

const pathOf = (kind: string, service: string | undefined) => (service === undefined ? kind : join(kind, service));

const unknown = (reason: ViolationReason, name: string, allowed: string): Refusal => ({ reason, at: '', field: name, given: undefined, allowed });

function noService(model: AnyModel, service: string | undefined): string {
  if (model.cloud === 'tencent') return "none: Tencent's template has no services";
  if (model.services.every((each) => each.name === undefined)) return 'none: the thing model has no services';
  const names = listed(model.services.map((each) => each.name ?? ''));
  return service === undefined ? `${names}; one of them must be named` : names;
}

function violation(prefix: string, refusal: Refusal): Violation {
  const path = prefix + refusal.at;
  const { reason, field = '', given, allowed, type } = refusal;
  const isAboutName = reason.startsWith('unknown-') || reason === 'missing';
  return {
    path,
    reason,
    message: `${path}: ${sentence(refusal, shown(given), allowed)}`,
    field,
    ...(!isAboutName && { given: shown(given) }),
    ...(type !== undefined && { type }),
  };
}

function sentence({ reason, field }: Refusal, given: string, allowed: string): string {
  switch (reason) {
    case 'unknown-service':
      return `the thing model has no service ${shown(field)}; allowed: ${allowed}`;
    case 'unknown-property':
    case 'unknown-command':
    case 'unknown-response':
    case 'unknown-event':
    case 'unknown-parameter':
    case 'unknown-member':
      return `the thing model has no ${reason.slice('unknown-'.length)} ${shown(field)} here; allowed: ${allowed}`;
    case 'missing':
      return `nothing was given, and it is required; allowed: ${allowed}`;
    case 'not-writable':
      return `the property is read-only and cannot be set; allowed: ${allowed}`;
    case 'unsafe-integer':
      return `${given} was given as a JavaScript number, which does not hold integers beyond 2^53 - 1 exactly: give it as a bigint or a string of digits; allowed: ${allowed}`;
    case 'too-long':
    case 'too-short':
      return `${given} was given, which is ${reason === 'too-long' ? 'too long' : 'too short'}; allowed: ${allowed}`;
    case 'wrong-type':
    case 'wrong-event-type':
    case 'out-of-range':
    case 'not-in-enum':
      return `${given} was given; allowed: ${allowed}`;
  }
}
