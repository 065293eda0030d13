import { LianyunError } from '../errors.ts';
import type { MappedFields, MappedService } from './conversion.ts';
import { HUAWEI_NAME, HUAWEI_NAME_RULE } from './huawei-profile.ts';
import { mapType, type MappedType, type Note } from './map-type.ts';
import type { Cloud, Command, CommandOutput, Event, Parameter, Service } from './model.ts';
import { join, shown } from './spot.ts';
import { TENCENT_NAME, TENCENT_NAME_RULE } from './tencent-template.ts';

/** What a cloud has no place for, or has less of. */
export interface MappingProblem {
  /** The place, as a violation names it: `properties.light.scene`, `commands.light.blink.args.times`. */
  readonly path: string;
  /** `left-out`: it is not there on this cloud, and values for it are refused. `changed`: it is there, but narrower or looser. */
  readonly effect: 'left-out' | 'changed';
  /** The place, and what is lost. */
  readonly message: string;
}

/** A service as the cloud has it, as a program may use it there, and the types between them. */
export interface ServiceMapping {
  readonly wire: Service;
  readonly program: Service;
  readonly fields: MappedService;
}

/** Maps a service onto a cloud; undefined when nothing of it is there. Throws `bad-config` when Huawei needs its name. */
export function mapService(service: Service, cloud: Cloud, tell: (problem: MappingProblem) => void): ServiceMapping | undefined {
  const { name, type, option, description } = service;
  if (name === undefined && cloud === 'huawei') {
    throw new LianyunError('bad-config', 'The thing model has no services, which Huawei needs: put its properties, commands and events under services: { NAME: { … } }.');
  }
  const cx: Context = { cloud, tell: (path, effect, why) => tell({ path, effect, message: `${path}: ${why}` }) };
  const at = (kind: string) => (name === undefined ? kind : join(kind, name));
  if (cloud === 'huawei' && name !== undefined && !isNameOn(cx, at('services'), name)) return undefined;
  const properties = mapParameters(service.properties, at('properties'), cx);
  const commands = service.commands.flatMap((command) => mapCommand(command, join(at('commands'), command.name), cx) ?? []);
  const events = service.events.flatMap((event) => mapEvent(event, join(at('events'), event.name), cx) ?? []);
  const head = { ...(name !== undefined && { name }) };
  return {
    wire: {
      ...(cloud === 'huawei' && { ...head, ...(type !== undefined && { type }), ...(option !== undefined && { option }), ...(description !== undefined && { description }) }),
      properties: properties.wire.map((property) => (cloud === 'tencent' ? { ...property, readable: true, observable: true } : property)),
      commands: commands.map(({ wire }) => wire),
      events: events.map(({ wire }) => wire),
    },
    program: { ...head, properties: properties.program, commands: commands.map(({ program }) => program), events: events.map(({ program }) => program) },
    fields: { name, properties: properties.fields, commands: commands.map(({ fields }) => fields), events: events.map(({ fields }) => fields) },
  };
}

interface Context {
  readonly cloud: Cloud;
  tell(path: string, effect: MappingProblem['effect'], why: string): void;
}

function isNameOn({ cloud, tell }: Context, path: string, name: string): boolean {
  const [pattern, rule] = cloud === 'huawei' ? [HUAWEI_NAME, HUAWEI_NAME_RULE] : [TENCENT_NAME, TENCENT_NAME_RULE];
  if (pattern.test(name)) return true;
  tell(path, 'left-out', `${cloud === 'huawei' ? 'Huawei' : 'Tencent'} takes no name ${shown(name)}; allowed is ${rule}`);
  return false;
}

interface Parameters<P extends Parameter> {
  readonly wire: readonly P[];
  readonly program: readonly P[];
  readonly fields: MappedFields;
  /** A required one that is not on this cloud. */
  readonly missing?: string;
}

function mapParameters<P extends Parameter>(parameters: readonly P[], at: string, cx: Context): Parameters<P> {
  const mapped = parameters.flatMap((parameter) => {
    const type = mapParameter(parameter, join(at, parameter.name), cx);
    return type === undefined ? [] : [{ parameter, type }];
  });
  const missing = parameters.find((each) => each.required && mapped.every(({ parameter }) => parameter !== each));
  return {
    wire: mapped.map(({ parameter, type }) => ({ ...texts(parameter, cx), type: type.wire })),
    program: mapped.map(({ parameter, type }) => ({ ...parameter, type: type.program })),
    fields: mapped.map(({ parameter, type }) => [parameter.name, type]),
    ...(missing && { missing: missing.name }),
  };
}

function mapParameter({ name, type }: Parameter, path: string, cx: Context): MappedType | undefined {
  if (!isNameOn(cx, path, name)) return undefined;
  const note: Note = (effect, why, member = '') => cx.tell(path + member, effect, why);
  const mapped = mapType(type, cx.cloud, note);
  if (mapped === undefined && type.kind === 'struct') cx.tell(path, 'left-out', 'no member of the struct is left');
  return mapped;
}

/** What is told to people, as far as the cloud has a place for it. */
function texts<T extends Pick<Parameter, 'name' | 'title' | 'description'>>(named: T, { cloud }: Context): T {
  if (cloud === 'tencent') {
    const { defaultValue: _, ...rest } = { ...named, title: named.title ?? named.name } as T & Pick<Parameter, 'defaultValue'>;
    return rest as unknown as T; // defaultValue is optional in every T
  }
  const { title: _, ...rest } = named;
  return rest as T; // title is optional in every T
}

/** The parameters of one message: mapped whole or not at all. */
function mapMessage(parameters: readonly Parameter[], at: string, cx: Context): Omit<Parameters<Parameter>, 'missing'> | undefined {
  const mapped = mapParameters(parameters, at, cx);
  if (mapped.missing !== undefined) return undefined;
  if (cx.cloud === 'huawei') return mapped;
  for (const { name, required } of mapped.program) if (!required) cx.tell(join(at, name), 'changed', 'Tencent requires every parameter');
  const required = (each: Parameter) => ({ ...each, required: true });
  return { ...mapped, wire: mapped.wire.map(required), program: mapped.program.map(required) };
}

function mapCommand(command: Command, path: string, cx: Context): { wire: Command; program: Command; fields: MappedService['commands'][number] } | undefined {
  if (!isNameOn(cx, path, command.name)) return undefined;
  const args = mapMessage(command.args, `${path}.args`, cx);
  const outputs = outputsFor(command, path, cx).map((output) => {
    const params = mapMessage(output.params, `${path}.output`, cx);
    return params && { name: output.name === undefined ? {} : { name: output.name }, params };
  });
  const whole = outputs.filter((each) => each !== undefined);
  if (args === undefined || whole.length < outputs.length) {
    cx.tell(path, 'left-out', 'it cannot be sent without what is left out of it');
    return undefined;
  }
  // Huawei has no texts of a command (14.6).
  const { args: _, outputs: __, ...texted } = texts(command, cx);
  const { name } = command;
  const head = cx.cloud === 'tencent' ? texted : { name };
  return {
    wire: { ...head, args: args.wire, outputs: whole.map((each) => ({ ...each.name, params: each.params.wire })) },
    program: { ...head, args: args.program, outputs: whole.map((each) => ({ ...each.name, params: each.params.program })) },
    fields: { name, args: args.fields, outputs: whole.map((each) => ({ ...each.name, params: each.params.fields })) },
  };
}

/** Huawei names every response; Tencent has exactly one, without a name. */
function outputsFor({ name, outputs }: Command, path: string, { cloud, tell }: Context): readonly CommandOutput[] {
  if (cloud === 'huawei') return outputs.map((output) => ({ ...output, name: output.name ?? `${[...name].slice(0, 55).join('')}_response` }));
  const [first, ...others] = outputs;
  if (others.length > 0) tell(`${path}.output`, 'changed', `Tencent has one answer to an action: ${shown(first?.name)} is it, the others are left out`);
  return [{ params: first?.params ?? [] }];
}

function mapEvent(event: Event, path: string, cx: Context): { wire: Event; program: Event; fields: MappedService['events'][number] } | undefined {
  if (!isNameOn(cx, path, event.name)) return undefined;
  const params = mapMessage(event.params, path, cx);
  if (params === undefined) {
    cx.tell(path, 'left-out', 'it cannot be sent without what is left out of it');
    return undefined;
  }
  const { name, type: severity = 'info' } = event;
  if (cx.cloud === 'huawei') return { wire: { name, params: params.wire }, program: { name, params: params.program }, fields: { name, params: params.fields } };
  const wire = { ...texts(event, cx), type: severity, params: params.wire };
  return { wire, program: { ...wire, params: params.program }, fields: { name, severity, params: params.fields } };
}
