// Upgrades in Tencent's transcripts.
import { createHash } from 'node:crypto';
import { OtaCmdType } from 'lianyun/tencent';
import type { Case, Injection } from '../transcript.ts';
import { as, type Members, type Scene } from './scene.ts';

type Call = (stage: Scene, recorded: Case) => unknown;

/** The recorded firmware: 0 to 255, over and over. */
const PATTERN = Uint8Array.from({ length: 256 }, (_, index) => index);
/** More is not served, whatever was offered. */
const LARGEST = 64 * 1024 * 1024;
const firmware = (bytes: number): Buffer => Buffer.alloc(bytes, PATTERN);

const versionOf = ({ call }: Case): string => as('version' in call ? call['version'] : '1.0.0');
const command = (name: unknown): OtaCmdType => OtaCmdType[(name ?? 'IOT_OTAG_FILE_SIZE') as keyof typeof OtaCmdType];

/** The firmware that was offered last before a case. */
function offered(cases: readonly Case[], recorded: Case): Members {
  const before = cases.slice(0, cases.findIndex(({ id }) => id === recorded.id));
  const offers = before.flatMap(({ inject }): readonly Injection[] => (inject === undefined ? [] : Array.isArray(inject) ? (inject as readonly Injection[]) : [inject as Injection])).map(({ payload }) => payload as Members | null);
  return offers.findLast((payload) => payload?.['type'] === 'update_firmware' && payload['file_size'] !== undefined) ?? {};
}

/** Serves the firmware. A URL that ends in a status is answered with it, and any other that gave nothing as one that is not there. */
function serve({ options: { wire } }: Scene, bytes: number, isRefused: boolean): void {
  const file = firmware(bytes);
  wire.answer = ({ path, headers }) => {
    const status = /\/(\d{3})$/.exec(path)?.[1] ?? (isRefused ? '404' : undefined);
    if (status !== undefined) return { status: Number(status), body: '' };
    const start = Number(/bytes=(\d+)-/.exec(Object.entries(headers).find(([name]) => name.toLowerCase() === 'range')?.[1] ?? '')?.[1] ?? 0);
    const body = file.subarray(start);
    return start === 0 ? { status: 200, body } : { status: 206, body, headers: { 'Content-Range': `bytes ${start}-${bytes - 1}/${bytes}` } };
  };
}

async function download(stage: Scene, recorded: Case): Promise<unknown> {
  const { explorer, options, own } = stage;
  const { url, offset = 0, size } = recorded.call;
  const offer = offered(options.cases, recorded);
  const told = Number(offer['file_size']);
  const bytes = Number.isInteger(told) && told > 0 && told <= LARGEST ? told : 5120;
  serve(stage, bytes, recorded['returns'] === 1);
  if (typeof url === 'string') {
    options.wire.inject([{ topic: `$ota/update/${own.join('/')}`, qos: 0, payload: { file_size: bytes, md5sum: createHash('md5').update(firmware(bytes)).digest('hex'), version: '2.0.0', ...offer, type: 'update_firmware', url } }]);
    for (let turns = 0; turns < 200 && !explorer.otaIsFetching(...own); turns++) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const range = (recorded['http'] as { headers: Record<string, string> }[] | undefined)?.[0]?.headers['Range'];
  return explorer.otaDownloadStart(...own, as(offset), as(size ?? Number(/-(\d+)$/.exec(range ?? '')?.[1] ?? bytes)));
}

async function yielded(stage: Scene, recorded: Case): Promise<unknown> {
  const { buf_len: bytes = 100, after } = recorded.call;
  if (typeof after === 'string') stage.options.clock.advance(Number.parseFloat(after) * 1000);
  const [piece, count] = await stage.explorer.otaFetchYield(...stage.own, as(bytes));
  const { returns } = recorded;
  if (piece === null) return [piece, count];
  return typeof returns === 'number' ? count : [count, createHash('md5').update(piece).digest('hex')];
}

export const OTA_CALLS: Readonly<Record<string, Call>> = {
  otaInit: (stage) => stage.explorer.otaInit(...stage.own, stage.noted('otaCb')),
  otaIsFetching: ({ explorer, own }) => explorer.otaIsFetching(...own),
  otaIsFetchFinished: ({ explorer, own }) => explorer.otaIsFetchFinished(...own),
  otaReportVersion: ({ explorer, own }, recorded) => explorer.otaReportVersion(...own, versionOf(recorded)),
  otaReportUpgradeSuccess: ({ explorer, own }, recorded) => explorer.otaReportUpgradeSuccess(...own, versionOf(recorded)),
  otaReportUpgradeFail: ({ explorer, own }, recorded) => explorer.otaReportUpgradeFail(...own, versionOf(recorded)),
  otaIoctlNumber: ({ explorer, own }, { call }) => explorer.otaIoctlNumber(...own, command(call['cmdType'])),
  otaIoctlString: ({ explorer, own }, { call }) => explorer.otaIoctlString(...own, command(call['cmdType'] ?? 'IOT_OTAG_VERSION'), 32),
  otaResetMd5: ({ explorer, own }) => explorer.otaResetMd5(...own),
  otaMd5Update: ({ explorer, own }, { call: { buf } }) => explorer.otaMd5Update(...own, as(typeof buf === 'object' && buf !== null && '$bytes' in buf ? Buffer.from(as<string>(buf.$bytes), 'latin1') : buf)),
  otaDownloadStart: download,
  otaFetchYield: yielded,
  httpInit: ({ explorer, own }, { call, dial, http }) => {
    const host = as<string>(call['host'] ?? (dial as { host: string }[] | undefined)?.[0]?.host ?? 'ota.example.com');
    const url = as<string>(call['url'] ?? `http://${host}${(http as { path: string }[] | undefined)?.[0]?.path ?? '/fw/v2.bin'}`);
    return explorer.httpInit(...own, host, url, as(call['offset'] ?? 0), as(call['size'] ?? 100), 10);
  },
  httpFetch: ({ explorer, own }) => explorer.httpFetch(...own, 100),
  'state before update': async ({ explorer, own }) => [
    explorer.otaIsFetching(...own),
    explorer.otaIsFetchFinished(...own),
    explorer.otaIoctlNumber(...own, OtaCmdType.IOT_OTAG_FILE_SIZE),
    explorer.otaIoctlString(...own, OtaCmdType.IOT_OTAG_VERSION, 32),
    await explorer.otaFetchYield(...own, 100),
  ],
  'otaIoctlNumber/otaIoctlString': ({ explorer, own }) => {
    const number = (name: keyof typeof OtaCmdType) => explorer.otaIoctlNumber(...own, OtaCmdType[name]);
    const text = (name: keyof typeof OtaCmdType, length: number) => explorer.otaIoctlString(...own, OtaCmdType[name], length);
    return {
      FETCHED_SIZE: number('IOT_OTAG_FETCHED_SIZE'),
      FILE_SIZE: number('IOT_OTAG_FILE_SIZE'),
      CHECK_FIRMWARE: number('IOT_OTAG_CHECK_FIRMWARE'),
      number_MD5SUM: number('IOT_OTAG_MD5SUM'),
      VERSION: text('IOT_OTAG_VERSION', 32),
      VERSION_short: text('IOT_OTAG_VERSION', 1),
      MD5SUM: text('IOT_OTAG_MD5SUM', 32),
      MD5SUM_short: text('IOT_OTAG_MD5SUM', 1),
      string_FILE_SIZE: text('IOT_OTAG_FILE_SIZE', 32),
    };
  },
};
