import { action } from './action.ts';
import type { LogMark, LogQuery } from '../../log-store.ts';
import { refusal } from '../refusal.ts';

/** Lines in one answer: 10 if nobody says how many. */
const LIMIT = { usual: 10, most: 100 };
const MARK = /^(-?\d{1,16})\.(\d{1,16})$/;

/** The action that reads what devices sent of their logs: one of IoT Hub, whose devices send them in the same way. */
export const logActions = {
  // The latest first; Listover says that these were the last. Keywords are `key:value` and words, all of which have to hold.
  ListSDKLog: action({ MinTime: 'integer', MaxTime: 'integer', Keywords: 'text', Context: 'text?', MaxNum: 'integer?' }, (p, { logs }) => {
    const limit = p.MaxNum ?? LIMIT.usual;
    if (limit < 1 || limit > LIMIT.most) throw refusal('InvalidParameterValue', `MaxNum is not allowed: 1 to ${LIMIT.most} is expected.`);
    if (p.MinTime > p.MaxTime) throw refusal('InvalidParameterValue', 'MinTime is not allowed: it is after MaxTime.');
    const behind = p.Context ? markIn(p.Context) : undefined;
    const { items, isLast } = logs.list({ cloud: 'tencent', from: p.MinTime, to: p.MaxTime, limit, ...wantedBy(p.Keywords), ...(behind === undefined ? {} : { behind }) });
    const last = items.at(-1);
    return {
      Context: isLast || last === undefined ? '' : Buffer.from(`${last.at}.${last.serial}`).toString('base64url'),
      Listover: isLast,
      Results: items.map(({ device, type, at, content }) => ({ ProductID: device.split('/')[0] ?? '', DeviceName: device.split('/')[1] ?? '', Level: type, DateTime: new Date(at).toISOString(), Content: content })),
    };
  }),
};

/** What Keywords ask for: `productid`, `devicename` and `loglevel` are keys, everything else is a word. */
function wantedBy(keywords: string): Pick<LogQuery, 'device' | 'deviceBegins' | 'type' | 'words'> {
  const keys = new Map<string, string>();
  const words: string[] = [];
  for (const each of keywords.split(/\s+/).filter(Boolean)) {
    const [, key, value] = /^(productid|devicename|loglevel):(.+)$/i.exec(each) ?? [];
    if (key === undefined || value === undefined) words.push(each);
    else keys.set(key.toLowerCase(), value);
  }
  const [productId, deviceName, type] = ['productid', 'devicename', 'loglevel'].map((key) => keys.get(key));
  if (productId === undefined) throw refusal('InvalidParameterValue', 'Keywords is not allowed: productid:ID is expected in it.');
  return { ...(deviceName === undefined ? { deviceBegins: `${productId}/` } : { device: `${productId}/${deviceName}` }), ...(type === undefined ? {} : { type: type.toUpperCase() }), words };
}

function markIn(context: string): LogMark {
  const [, at, serial] = MARK.exec(Buffer.from(context, 'base64url').toString('latin1')) ?? [];
  if (at === undefined || serial === undefined) throw refusal('InvalidParameterValue', 'Context is none that this action gave out.');
  return { at: Number(at), serial: Number(serial) };
}
