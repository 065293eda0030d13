import { stringifyExact, type JsonValue } from '@lianyun/protocol';
import type { HistoryPlace } from '../../history.ts';
import { refusal } from '../refusal.ts';
import { action, targetOf } from './action.ts';

/** Values in one answer: as many as are asked for, 10 if nobody says, and no more than 1000. */
const LIMIT = { usual: 10, most: 1000 };

/** The actions that read what a device reported in the past (10.6). */
export const historyActions = {
  // The latest first; Listover says that these were the last.
  DescribeDeviceDataHistory: action(
    { MinTime: 'integer', MaxTime: 'integer', ProductId: 'text', DeviceName: 'text', FieldName: 'text', Limit: 'integer?', Context: 'text?' },
    (p, context) => {
      const { device } = targetOf({ ProductId: p.ProductId, DeviceName: p.DeviceName, DeviceId: undefined }, context);
      const limit = p.Limit ?? LIMIT.usual;
      if (limit < 1 || limit > LIMIT.most) throw refusal('InvalidParameterValue', `Limit is not allowed: 1 to ${LIMIT.most} is expected.`);
      if (p.MinTime > p.MaxTime) throw refusal('InvalidParameterValue', 'MinTime is not allowed: it is after MaxTime.');
      const before = p.Context ? placeOf(p.Context) : undefined;
      const { points, next } = context.storage.history.query({
        cloud: 'tencent',
        device,
        property: p.FieldName,
        from: p.MinTime,
        to: p.MaxTime,
        limit,
        ...(before === undefined ? {} : { before }),
      });
      return {
        FieldName: p.FieldName,
        Listover: next === undefined,
        Context: next === undefined ? '' : contextOf(next),
        Results: points.map(({ at, value }) => ({ Time: String(at), Value: textOf(value) })),
      };
    },
  ),
};

/** A place in the history as the API hands it out: nobody is to read it. */
const contextOf = ({ at, id }: HistoryPlace): string => Buffer.from(`${at}.${id}`).toString('base64url');

function placeOf(context: string): HistoryPlace {
  const [, at, id] = /^(-?\d{1,16})\.(\d{1,16})$/.exec(Buffer.from(context, 'base64url').toString('latin1')) ?? [];
  if (at === undefined || id === undefined || !Number.isSafeInteger(Number(at)) || !Number.isSafeInteger(Number(id))) throw refusal('InvalidParameterValue', 'Context is none that this action gave out.');
  return { at: Number(at), id: Number(id) };
}

/** A value as a string: a text as it is, anything else as JSON. */
const textOf = (value: JsonValue): string => (typeof value === 'string' ? value : stringifyExact(value));
