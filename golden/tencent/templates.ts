// The template files of the recorded program, made again from the lists that it read out of them, and lists as the transcripts show them.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TemplateAction, TemplateEvent, TemplateProperty } from 'lianyun/tencent';
import type { Case } from '../transcript.ts';
import type { Members, Scene } from './scene.ts';

interface Lists {
  readonly events: readonly TemplateEvent[];
  readonly actions: readonly TemplateAction[];
  readonly properties: readonly TemplateProperty[];
}

const NOTHING: Lists = { events: [], actions: [], properties: [] };

/** The file that a case sets a template up from. */
export async function templateFile({ options }: Scene, recorded: Case): Promise<string> {
  const { config_file: given } = recorded.call;
  if (typeof given === 'string' && given.startsWith('/')) return given;
  const file = path.join(options.directory, 'template.json');
  const { events, actions, properties } = listsOf(recorded, options.cases);
  const whole = { version: '1.0', profile: {}, properties: properties.map((each) => ({ ...definition(each), mode: 'rw' })), events: events.map(eventOf), actions: actions.map(actionOf) };
  await writeFile(file, recorded['returns'] === 2 ? JSON.stringify({ properties: whole.properties }) : JSON.stringify(whole));
  return file;
}

/** Whether the recorded program read a case's file with a handle of its own. */
export const isAside = ({ call: { config_file: file } }: Case): boolean => typeof file === 'string' && !file.startsWith('/') && !file.endsWith('template_config.json');

function listsOf(recorded: Case, cases: readonly Case[]): Lists {
  const state = recorded['state'] as Lists | undefined;
  if (state !== undefined) return state;
  const shown = cases.find(({ api }) => api === 'getEventsList/getActionList/getPropertyList')?.['returns'];
  if (!Array.isArray(shown)) return NOTHING;
  const [events, actions, properties] = shown as [TemplateEvent[], TemplateAction[], TemplateProperty[]];
  return { events, actions, properties };
}

const eventOf = ({ event_name: id, type, events_prop: props }: TemplateEvent): Members => ({ id, name: id, desc: '', type, required: false, params: props.map(definition) });
const actionOf = ({ action_id: id, actions_input_prop: input, actions_output_prop: output }: TemplateAction): Members => ({ id, name: id, desc: '', required: false, input: input.map(definition), output: output.map(definition) });

const BOUNDS = { min: '0', max: '100', start: '0', step: '1', unit: '' };
const LABELS = { mapping: { 0: 'off', 1: 'on' } };
const DEFINES: Readonly<Record<string, Members>> = {
  bool: LABELS,
  int: BOUNDS,
  float: BOUNDS,
  enum: LABELS,
  stringenum: { mapping: { low: 'Low', high: 'High' } },
  string: { min: '0', max: '64' },
  timestamp: {},
  struct: { specs: [{ id: 'm', name: 'm', dataType: { type: 'int', ...BOUNDS } }] },
  array: { arrayInfo: { type: 'int', ...BOUNDS } },
};

const definition = ({ key, type }: TemplateProperty): Members => ({ id: key, name: key, desc: '', define: { type, ...DEFINES[type] } });

/** Lists with the names of the vendor's classes. */
export function listed(list: readonly (TemplateEvent | TemplateAction | TemplateProperty)[] | undefined): unknown {
  return list?.map((each) => {
    if ('events_prop' in each) return { $class: 'template_event', ...each, events_prop: listed(each.events_prop) };
    if ('action_id' in each) return { $class: 'template_action', ...each, actions_input_prop: listed(each.actions_input_prop), actions_output_prop: listed(each.actions_output_prop) };
    return { $class: 'template_property', ...each };
  });
}
