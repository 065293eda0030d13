import type { JsonValue } from '../json.ts';
import { defined } from '../wire.ts';
import { readTypeLiteral } from './define-type.ts';
import { entriesAt, nameOf, onlyAt } from './define-spot.ts';
import type { ModelLiteral } from './literal.ts';
import { EVENT_TYPES, type Command, type Event, type Parameter, type Property, type Service } from './model.ts';
import { choiceAt, fail, flagAt, isAbsent, memberOf, textAt, type Spot } from './spot.ts';
import type { Strict } from './strict.ts';
import type { DefinedModel } from './typed.ts';

/**
 * Makes a thing model of a literal, once for both clouds, and gives the compiler its names and types: see `ReportOf`,
 * `SetOf`, `CallOf`, `OutputOf`, `EventsOf`. `forCloud` is the way from it to a cloud.
 *
 * ```ts
 * const lamp = defineModel({
 *   services: {
 *     light: {
 *       properties: {
 *         on: { type: 'boolean', writable: true },
 *         brightness: { type: 'int', min: 0, max: 100, unit: '%', writable: true },
 *         color: { type: 'enum', values: { red: 0, green: 1 }, writable: true },
 *         temperature: 'decimal',
 *       },
 *       commands: { blink: { args: { times: 'int' }, output: { done: 'boolean' } } },
 *       events: { overheated: { severity: 'alert', params: { celsius: 'decimal' } } },
 *     },
 *   },
 * });
 * ```
 *
 * Members that no model has do not compile, and are refused at run time. The members of a service stand in the order of
 * the literal, save that JavaScript puts names which are whole numbers first.
 *
 * @throws LianyunError `bad-config`; `place.path` is the place in the literal (`$` is the whole), what is allowed stands in the message
 */
export function defineModel<const L extends ModelLiteral>(literal: L & Strict<L>): DefinedModel<L> {
  const spot = { value: literal, path: '$' };
  const services = memberOf(spot, 'services');
  const isFlat = services.value === undefined;
  onlyAt(spot, ['version', 'productId', 'categoryId', ...(isFlat ? MEMBERS : ['services'])]);
  return defined({
    cloud: 'both' as const,
    services: isFlat ? [readMembers(spot)] : entriesAt(services).map(readService),
    version: textAt(memberOf(spot, 'version')),
    productId: textAt(memberOf(spot, 'productId')),
    categoryId: textAt(memberOf(spot, 'categoryId')),
  });
}

const MEMBERS = ['properties', 'commands', 'events'];
const TEXTS = ['title', 'description'];
const PROPERTY = [...TEXTS, 'required', 'defaultValue', 'writable', 'readable', 'observable'];
const PARAMETER = [...TEXTS, 'required', 'defaultValue'];
const OPTIONS = ['Master', 'Mandatory', 'Optional'] as const;

/** Something at a place under a name of the user's. */
type Named = Spot & { readonly name: string };

function readService(spot: Named): Service {
  onlyAt(spot, [...MEMBERS, 'type', 'option', 'description']);
  const option = memberOf(spot, 'option');
  return {
    name: nameOf(spot),
    ...defined({
      type: textAt(memberOf(spot, 'type')),
      option: isAbsent(option.value) ? undefined : choiceAt(option, OPTIONS, 'bad-shape'),
      description: textAt(memberOf(spot, 'description')),
    }),
    ...readMembers(spot),
  };
}

function readMembers(spot: Spot): Pick<Service, 'properties' | 'commands' | 'events'> {
  return {
    properties: entriesAt(memberOf(spot, 'properties')).map(readProperty),
    commands: entriesAt(memberOf(spot, 'commands')).map(readCommand),
    events: entriesAt(memberOf(spot, 'events')).map(readEvent),
  };
}

/** The name and the texts of what stands at a place. */
function readHead(spot: Named): Pick<Parameter, 'name' | 'title' | 'description'> {
  if (typeof spot.value === 'string') return { name: nameOf(spot) };
  return { name: nameOf(spot), ...defined({ title: textAt(memberOf(spot, 'title')), description: textAt(memberOf(spot, 'description')) }) };
}

function readProperty(spot: Named): Property {
  return {
    ...readTyped(spot, PROPERTY, false),
    readable: flag(spot, 'readable') ?? true,
    writable: flag(spot, 'writable') ?? false,
    observable: flag(spot, 'observable') ?? true,
  };
}

function readTyped(spot: Named, traits: readonly string[], required: boolean): Parameter {
  return defined({
    ...readHead(spot),
    type: readTypeLiteral(spot, traits),
    required: flag(spot, 'required') ?? required,
    // It is data of the user's, and kept as it is.
    defaultValue: typeof spot.value === 'string' ? undefined : (memberOf(spot, 'defaultValue').value as JsonValue | undefined),
  });
}

/** A type by its name alone has no flags. */
const flag = (spot: Spot, name: string) => (typeof spot.value === 'string' ? undefined : flagAt(memberOf(spot, name)));

const readParameters = (spot: Spot): readonly Parameter[] => entriesAt(spot).map((each) => readTyped(each, PARAMETER, true));

function readCommand(spot: Named): Command {
  onlyAt(spot, [...TEXTS, 'args', 'output', 'responses', 'required']);
  const [output, responses] = [memberOf(spot, 'output'), memberOf(spot, 'responses')];
  if (output.value !== undefined && responses.value !== undefined) fail(responses.path, 'bad-shape', 'a command has either one output or several responses by name');
  return defined({
    ...readHead(spot),
    required: flag(spot, 'required'),
    args: readParameters(memberOf(spot, 'args')),
    outputs:
      output.value !== undefined
        ? [{ params: readParameters(output) }]
        : entriesAt(responses).map((each) => ({ ...(each.name !== '' && { name: nameOf(each) }), params: readParameters(each) })),
  });
}

function readEvent(spot: Named): Event {
  onlyAt(spot, [...TEXTS, 'severity', 'params', 'required']);
  const severity = memberOf(spot, 'severity');
  return defined({
    ...readHead(spot),
    required: flag(spot, 'required'),
    type: isAbsent(severity.value) ? undefined : choiceAt(severity, EVENT_TYPES, 'bad-event-type'),
    params: readParameters(memberOf(spot, 'params')),
  });
}
