import { readDeviceQuery } from '../../huawei/search-language.ts';
import type { Device } from '../../records.ts';
import type { NorthContext } from '../context.ts';
import { object, readBody, text, type Call } from './call.ts';
import { deviceItem, markerOf, tagList } from './shapes.ts';

/** What a row has of a device that is not in the lists of devices. */
function foundBody(context: NorthContext, device: Device): Readonly<Record<string, unknown>> {
  const { groups, tags } = context.huawei;
  return { ...deviceItem(context, device), description: undefined, groups: groups.of(device.device).map(({ id }) => ({ group_id: id })), tags: tagList(tags.of(device.device)), marker: markerOf(device) };
}

/** POST /search/query-devices: devices by what they are, in words of SQL. */
export async function searchDevices(call: Call): Promise<object> {
  const { select, where, isAscending, offset, limit } = readDeviceQuery(readBody(call, object({ sql: text(400) })).sql);
  const { search } = call.context.huawei;
  if (select === 'count') return { count: (await search.find(where, { limit: 0 })).total };
  // The oldest first is the end of the list, turned round.
  const total = isAscending ? (await search.find(where, { limit: 0 })).total : 0;
  const size = isAscending ? Math.max(0, Math.min(limit, total - offset)) : limit;
  const found = await search.find(where, { offset: isAscending ? Math.max(0, total - offset - limit) : offset, limit: size });
  const devices = isAscending ? found.items.toReversed() : found.items;
  const rows = devices.map((device) => foundBody(call.context, device));
  return { devices: select === 'all' ? rows : rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => select.includes(name)))), count: found.total };
}
