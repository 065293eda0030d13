import { LianyunError } from 'lianyun';
import { accessKeysOf, loadAccessKeys, readSeedFile, type AccessKey } from '@lianyun/platform';
import { NorthClient, type ApiAnswer } from './north-client.ts';
import { stateFolder } from './up.ts';

/** The options of `lianyun logs`, as they were written. */
export interface LogsOptions {
  readonly http: string;
  readonly last: string;
  readonly data?: string;
  readonly seed?: string;
}

interface Line {
  readonly at: string;
  readonly type: string;
  readonly content: string;
}

/** Lines of one answer at most. */
const PAGE = { huawei: 50, tencent: 100 } as const;
const MOST = 1000;

/** Writes the last lines of a device's log, the oldest first: asks the platform that runs, as an application would. */
export async function logs(device: string, { http, last, data, seed: seedFile }: LogsOptions): Promise<void> {
  const wanted = /^\d{1,4}$/.test(last) ? Number(last) : 0;
  if (wanted < 1 || wanted > MOST) throw new LianyunError('bad-config', `--last ${last} is not allowed: 1 to ${MOST} is expected.`);
  if (!/^https?:$/.test(URL.parse(http)?.protocol ?? '')) throw new LianyunError('bad-config', `--http ${http} is no address: http://HOST:PORT is expected.`);
  const seed = seedFile === undefined ? undefined : readSeedFile(seedFile).seed;
  const keys = loadAccessKeys(data ?? stateFolder(), seed === undefined ? {} : accessKeysOf(seed));
  const north = new NorthClient({ url: http, projectId: seed?.huawei?.projectId ?? 'default', keys: { huawei: firstOf(keys.huawei), tencent: firstOf(keys.tencent) } });
  const read = device.includes('/') ? readTencent : readHuawei;
  for (const { at, type, content } of (await read(north, device, wanted)).toReversed()) process.stdout.write(`${at} ${type} ${content.replace(/[\r\n]+/g, ' ')}\n`);
}

function firstOf(keys: readonly AccessKey[]): AccessKey {
  const [key] = keys;
  if (key === undefined) throw new LianyunError('bad-config', 'There is no access key for the API: name the --seed or the --data folder of the platform.');
  return key;
}

async function readHuawei(north: NorthClient, device: string, wanted: number): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (let marker = ''; lines.length < wanted; ) {
    const limit = Math.min(PAGE.huawei, wanted - lines.length);
    const answer = await north.huawei('GET', `/devices/${encodeURIComponent(device)}/logs?limit=${limit}${marker === '' ? '' : `&marker=${marker}`}`);
    const { logs: items, page, error_msg: refused } = answer.body as { readonly logs?: readonly { readonly time: string; readonly type: string; readonly content: string }[]; readonly page?: { readonly marker: string }; readonly error_msg?: string };
    if (items === undefined || page === undefined) throw refusedBy(answer, refused);
    lines.push(...items.map(({ time, type, content }) => ({ at: time, type, content })));
    if (items.length < limit) break;
    ({ marker } = page);
  }
  return lines;
}

async function readTencent(north: NorthClient, device: string, wanted: number): Promise<readonly Line[]> {
  const [productId = '', deviceName = ''] = device.split('/', 2);
  const lines: Line[] = [];
  for (let context = '', isOver = false; lines.length < wanted && !isOver; ) {
    const answer = await north.tencent('ListSDKLog', { MinTime: 0, MaxTime: Date.now() + 86_400_000, Keywords: `productid:${productId} devicename:${deviceName}`, MaxNum: Math.min(PAGE.tencent, wanted - lines.length), Context: context }, '2021-04-08');
    const { Results: items, Context: next = '', Listover: over, Error: error } = answer.body as { readonly Results?: readonly { readonly DateTime: string; readonly Level: string; readonly Content: string }[]; readonly Context?: string; readonly Listover?: boolean; readonly Error?: { readonly Message: string } };
    if (items === undefined) throw refusedBy(answer, error?.Message);
    lines.push(...items.map(({ DateTime: at, Level: type, Content: content }) => ({ at, type, content })));
    [context, isOver] = [next, over !== false];
  }
  return lines;
}

const refusedBy = ({ status }: ApiAnswer, text = 'no text'): LianyunError => new LianyunError('refused', `The platform gives no logs: ${text} (HTTP ${status}).`);
