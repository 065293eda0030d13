import { LianyunError } from '../errors.ts';
import { toBoth } from './both.ts';
import { compileModel, type CompiledModel, type Violation } from './check.ts';
import { compileConversion, type Conversion, type MappedService } from './conversion.ts';
import { listed } from './describe.ts';
import { mapService, type MappingProblem } from './map-service.ts';
import type { AnyModel, Cloud, Service, ThingModel } from './model.ts';
import { PROGRAM_RULES } from './rules.ts';
import { join, shown } from './spot.ts';

/** A thing model `M` on one cloud: the cloud's own model of it, and how a program's values become the cloud's. */
export interface CloudModel<C extends Cloud = Cloud, M = unknown> {
  /** Only a type: no model has this member at run time. */
  readonly '~source'?: M;
  /** The model as the cloud has it: what `toHuaweiProfile` or `toTencentTemplate` writes. */
  readonly model: ThingModel<C>;
  /** What the cloud has no place for, or has less of. Empty: the model is on the cloud as it is. */
  readonly problems: readonly MappingProblem[];
  /**
   * Judges a program's values: before `toWire`, and after `fromWire`. What is left out on this cloud is refused with the
   * words of its problem. A program's values have the same types on both clouds: `true`, `'red'`, a service.
   */
  readonly check: CompiledModel;
  /** From the program to the cloud, after the check. */
  readonly toWire: Conversion;
  /** From the cloud to the program, before the check. Its result has the types of `SetOf` and `ArgsOf` once the check has passed. */
  readonly fromWire: Conversion;
}

/**
 * Puts a model onto a cloud. A model of both clouds is completed where the cloud asks for more (Tencent's titles and
 * labels, Huawei's names of responses); a model that was read from a file of the same cloud stays as it is; one of the
 * other cloud goes through {@link toBoth}. The table in the folder's comment says what becomes of every type.
 *
 * @throws LianyunError `bad-config`: two services have a property, command or event of the same name, which Tencent, whose
 * template has no services, cannot tell apart; or the model has no services, which Huawei needs. All else is a problem.
 */
export function forCloud<C extends Cloud, M extends AnyModel>(model: M, cloud: C): CloudModel<C, M> {
  const both = toBoth(model);
  const isFlat = cloud === 'tencent';
  if (isFlat) refuseSameNames(both.services);
  const problems: MappingProblem[] = [];
  const mapped = both.services.flatMap((service) => mapService(service, cloud, (problem) => problems.push(problem)) ?? []);
  const conversions = mapped.map(({ fields }) => fields);
  const program: ThingModel<'both'> = { cloud: 'both', services: mapped.map((each) => each.program) };
  const check = compileModel(program, PROGRAM_RULES[cloud]);
  return {
    model: model.cloud === cloud ? (model as AnyModel as ThingModel<C>) : wireModel(both, cloud, mapped.map(({ wire }) => wire)), // cloud says so
    problems,
    check: explaining(isFlat ? placing(check, conversions) : check, problems),
    toWire: compileConversion(conversions, 'toWire', isFlat),
    fromWire: compileConversion(conversions, 'fromWire', isFlat),
  };
}

function wireModel<C extends Cloud>({ version = '1.0', productId, categoryId }: AnyModel, cloud: C, services: readonly Service[]): ThingModel<C> {
  if (cloud === 'huawei') return { cloud, services };
  const service = {
    properties: services.flatMap(({ properties }) => properties),
    commands: services.flatMap(({ commands }) => commands),
    events: services.flatMap(({ events }) => events),
  };
  return { cloud, services: [service], version, ...(productId !== undefined && { productId }), ...(categoryId !== undefined && { categoryId }) };
}

function refuseSameNames(services: readonly Service[]): void {
  const pairs = (['properties', 'commands', 'events'] as const).flatMap((kind) => {
    const homes = new Map<string, string>();
    return services.flatMap(({ name: service = '', [kind]: members }) =>
      members.flatMap(({ name }) => {
        const first = homes.get(name);
        if (first === undefined) homes.set(name, service);
        return first === undefined ? [] : [`${join(join(kind, first), name)} and ${join(join(kind, service), name)}`];
      }),
    );
  });
  if (pairs.length === 0) return;
  throw new LianyunError('bad-config', `Tencent's template has no services, so that names must differ across services; the same name have ${listed(pairs)}. Rename one of each.`);
}

/** On Tencent a name that no service has comes without a service: what is missing is the name. */
function placing(check: CompiledModel, services: readonly MappedService[]): CompiledModel {
  const isServed = services.every(({ name }) => name !== undefined);
  const stray = (kind: 'properties' | 'commands' | 'events', noun: string, reason: Violation['reason'], name: string): Violation => {
    const names = services.flatMap((service) => service[kind].map((each) => ('name' in each ? each.name : each[0])));
    const path = join(kind, name);
    return { path, reason, field: name, message: `${path}: the thing model has no ${noun} ${shown(name)}; allowed: ${listed(names)}` };
  };
  if (!isServed) return check;
  return {
    ...check,
    checkProperties(groups, use) {
      const lost = use === 'set' ? groups.find(({ service }) => service === undefined) : undefined;
      const [name] = Object.keys(lost?.values ?? {});
      return name === undefined ? check.checkProperties(groups, use) : stray('properties', 'property', 'unknown-property', name);
    },
    checkArgs: (service, name, args) => (service === undefined ? stray('commands', 'command', 'unknown-command', name) : check.checkArgs(service, name, args)),
    checkEvent: (service, name, params, type) => (service === undefined ? stray('events', 'event', 'unknown-event', name) : check.checkEvent(service, name, params, type)),
  };
}

/** Says of an unknown name why it is unknown, where a problem does. */
function explaining(check: CompiledModel, problems: readonly MappingProblem[]): CompiledModel {
  const leftOut = new Map(problems.filter(({ effect }) => effect === 'left-out').map(({ path, message }) => [path, message]));
  if (leftOut.size === 0) return check;
  const explain = (violation: Violation | undefined) => {
    const message = violation && leftOut.get(violation.path);
    return message === undefined ? violation : { ...violation, message } as Violation; // a message is only of a violation
  };
  return {
    model: check.model,
    checkProperties: (groups, use) => explain(check.checkProperties(groups, use)),
    checkArgs: (service, name, args) => explain(check.checkArgs(service, name, args)),
    checkOutput: (service, name, output, response) => explain(check.checkOutput(service, name, output, response)),
    checkEvent: (service, name, params, type) => explain(check.checkEvent(service, name, params, type)),
  };
}
