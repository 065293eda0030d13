import * as v from 'valibot';
import type { Tag } from '../../huawei/tags.ts';
import { absent, listOf, object, pageIn, pageOut, readBody, text, type Answer, type Call } from './call.ts';

const LETTERS = /^[\p{L}\p{N}_.-]+$/u;
const word = (max: number) => v.pipe(text(max), v.regex(LETTERS, 'letters, digits, _, . and - are expected'));
const tag = object({ tag_key: word(64), tag_value: absent(word(128)) });
const distinct = <S extends v.GenericSchema<unknown, readonly v.InferOutput<typeof tag>[]>>(tags: S) =>
  v.pipe(tags, v.check((all) => new Set(all.map(({ tag_key: key }) => key)).size === all.length, 'a key twice'));
const resource = v.literal('device', 'device is expected: nothing else has tags');
const MAX_TAGS = 10;

const bindSchema = object({ resource_type: resource, resource_id: text(128), tags: distinct(listOf(tag, MAX_TAGS)) });

/** POST /tags/bind-resource: ties tags to a device; a key that it has gets the new value. */
export function bindTags(call: Call): Answer {
  const { resource_id: device, tags } = readBody(call, bindSchema);
  call.context.huawei.tags.bind(device, tags.map(tagOf));
  return {};
}

const unbindSchema = object({ resource_type: resource, resource_id: text(128), tag_keys: listOf(word(64), MAX_TAGS) });

/** POST /tags/unbind-resource */
export function unbindTags(call: Call): Answer {
  const { resource_id: device, tag_keys: keys } = readBody(call, unbindSchema);
  call.context.huawei.tags.unbind(device, keys);
  return {};
}

const querySchema = object({ resource_type: resource, tags: listOf(tag, MAX_TAGS) });

/** POST /tags/query-resources: the devices that have one of the tags. */
export function queryTagged(call: Call): Answer {
  const { items, total } = call.context.huawei.tags.devicesWith(readBody(call, querySchema).tags.map(tagOf), pageIn(call));
  return { resources: items.map(({ device }) => ({ resource_id: device })), page: pageOut(call, items, total) };
}

const tagOf = ({ tag_key: key, tag_value: value }: v.InferOutput<typeof tag>): Tag => ({ key, ...(value === undefined ? {} : { value }) });
