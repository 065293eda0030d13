import * as v from 'valibot';
import type { SignInContext } from '../sign-in.ts';
import { members } from '../wire.ts';
import { signTencentHttp, type TencentHttpKey } from './sign-in-http.ts';
import type { TencentHttpCall } from './sign-in-registration.ts';

/** How grave a line of a log is. */
export type TencentLogLevel = 'ERROR' | 'WARN' | 'INFO' | 'DEBUG';

/** A line of a Tencent device's log (reference 7.6). */
export interface TencentLogLine {
  readonly level: TencentLogLevel;
  readonly content: string;
  /** When it was written, ms since 1970. */
  readonly at?: number;
}

/** Lines of a device's log, on their way. */
export interface TencentLogs {
  readonly productId: string;
  readonly deviceName: string;
  readonly lines: readonly TencentLogLine[];
}

/** Where they go: as current SDKs send them, and as older ones do. */
export const LOGS_PATHS = { current: '/device/reportlog', legacy: '/cgi-bin/report-log' } as const;

/** Characters of one line. How long one may be is documented nowhere. */
const MAX_LINE = 65_536;
/** What a line begins with. */
const LEVELS: readonly (readonly [mark: string, level: TencentLogLevel])[] = [['ERR', 'ERROR'], ['WRN', 'WARN'], ['INF', 'INFO'], ['DBG', 'DEBUG']];
/** What SDKs put between lines, behind a line feed. */
const BREAK = '\f';

/** The request that uploads lines. Time stamps are those of UTC. */
export function writeHttpLogs({ productId, deviceName, lines }: TencentLogs, { key, host, path }: { readonly key: TencentHttpKey; readonly host: string; readonly path: string }, context: SignInContext): TencentHttpCall {
  const body = JSON.stringify({ ProductId: productId, DeviceName: deviceName, Message: lines.map(writeLine) });
  return { path, body, headers: signTencentHttp({ host, path, body }, key, context) };
}

const request = members({ ProductId: v.string(), DeviceName: v.string(), Message: v.array(v.string()) });

/** Reads what a device uploads; the text says what is wrong. Of lines one of which is wrong none is taken. */
export function readHttpLogs(document: unknown): TencentLogs | { readonly wrong: string } {
  const parsed = v.safeParse(request, document);
  if (!parsed.success) return { wrong: `${v.getDotPath(parsed.issues[0]) ?? 'the body'}: ${parsed.issues[0].message}` };
  const { ProductId: productId, DeviceName: deviceName, Message: messages } = parsed.output;
  const lines: TencentLogLine[] = [];
  for (const [index, text] of messages.entries()) {
    const read = readLines(text);
    if (typeof read === 'string') return { wrong: `Message[${index}]: ${read}` };
    lines.push(...read);
  }
  return { productId, deviceName, lines };
}

/** The lines of a text, as SDKs put them one behind the other; or what is wrong with it. */
export function readLines(text: string): readonly TencentLogLine[] | string {
  const lines: TencentLogLine[] = [];
  for (const each of text.split(BREAK)) {
    const line = each.replace(/^\n+|[\r\n]+$/g, '');
    if (line === '') continue;
    if (line.length > MAX_LINE) return `a line has ${line.length} characters; at most ${MAX_LINE} are taken`;
    const level = LEVELS.find(([mark]) => line.startsWith(mark))?.[1];
    if (level === undefined) return `a line begins with ${JSON.stringify(line.slice(0, 3))}; ${LEVELS.map(([mark]) => mark).join(', ')} are known`;
    lines.push(readLine(level, line.slice(3)));
  }
  return lines;
}

/** SDKs write the time of the device's own clock, which says no instant: only one of UTC is read as such. */
function readLine(level: TencentLogLevel, text: string): TencentLogLine {
  const rest = text.startsWith('|') ? text.slice(1) : text;
  const [, written = '', content = rest] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z)\|(.*)$/s.exec(rest) ?? [];
  const at = Date.parse(written);
  return Number.isNaN(at) ? { level, content: rest } : { level, content, at };
}

function writeLine({ level, content, at }: TencentLogLine): string {
  const mark = LEVELS.find(([, known]) => known === level)?.[0] ?? 'INF';
  return [mark, ...(at === undefined ? [] : [new Date(at).toISOString()]), content.replaceAll(BREAK, ' ')].join('|');
}
