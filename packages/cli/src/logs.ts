import { LianyunError } from 'lianyun';
import { accessKeysOf, readAccessKeys, readSeedFile } from '@lianyun/platform';
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
  const folder = data ?? stateFolder();
  const keys = readAccessKeys(folder, seed === undefined ? {} : accessKeysOf(seed));
  const [cloud, read] = device.includes('/') ? (['tencent', readTencent] as const) : (['huawei', readHuawei] as const);
  const [key] = keys[cloud];
  if (key === undefined) throw new LianyunError('bad-config', `There are no access keys for the API in ${folder}${seedFile === undefined ? '' : `, nor in ${seedFile}`}: name the --data folder or the --seed that the platform was started with.`);
  // Only one of the two APIs is called.
  const north = new NorthClient({ url: http, projectId: seed?.huawei?.projectId ?? 'default', keys: { huawei: key, tencent: key } });
  for (const { at, type, content } of (await read(north, device, wanted)).toReversed()) process.stdout.write(`${at} ${type} ${content.replace(/[\r\n]+/g, ' ')}\n`);
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
    const { Results: items, Context: next = '', Listover: over, Error: error } = answer.body as { readonly Results?: readonly { readonly DateTime: string; readonly Level: string; readonly Content: string }[]; readonly Context?: string; readonly Listover?: boolean; readonly Error?: { readonly Code?: string; readonly Message: string } };
    if (items === undefined) throw refusedBy(error?.Code?.startsWith('AuthFailure') === true ? { ...answer, status: UNKNOWN_KEY } : answer, error?.Message);
    lines.push(...items.map(({ DateTime: at, Level: type, Content: content }) => ({ at, type, content })));
    [context, isOver] = [next, over !== false];
  }
  return lines;
}

/** HTTP's word for a request whose signature is not good; Cloud API 3.0 answers everything with 200. */
const UNKNOWN_KEY = 401;

function refusedBy({ status }: ApiAnswer, text = 'no text'): LianyunError {
  const what = `The platform gives no logs: ${text} (HTTP ${status}).`;
  return status === UNKNOWN_KEY ? new LianyunError('bad-config', `${what} It was started with other access keys: name its --data folder or its --seed.`) : new LianyunError('refused', what);
}
