import { isJsonObject, LianyunError, tencentHttp, type TencentLogLevel, type TencentLogLine } from '@lianyun/protocol';
import { sendOverHttp, type HttpSenderOptions } from './sender.ts';

/** Lines of a device's log, who uploads them over HTTP, and where. */
export interface UploadLogsOptions extends HttpSenderOptions {
  /** The oldest first. A line has up to 65,536 characters. */
  readonly lines: readonly TencentLogLine[];
}

const LEVELS: readonly string[] = ['ERROR', 'WARN', 'INFO', 'DEBUG'] satisfies TencentLogLevel[];
/** Characters of all lines together: one request has to hold them. */
const MAX_CHARACTERS = 1_000_000;

/**
 * Uploads lines of a Tencent device's log over HTTP, the only way that its cloud takes them (reference 7.6); a gateway does so for a sub-device with that one's secret. Which levels the cloud
 * wants says `device.logs`. Resolves with the cloud's id of the request: all lines were taken, or else none. Rejects as {@link publishOverHttp} does; nothing is sent again by itself.
 */
export async function uploadLogs(options: UploadLogsOptions): Promise<{ readonly requestId?: string }> {
  const given: unknown = options;
  if (!isJsonObject(given)) throw new LianyunError('bad-config', 'uploadLogs() takes { productId, deviceName, deviceSecret, lines }.');
  const { paths, write } = tencentHttp.logs;
  return sendOverHttp(options, {
    what: 'the log',
    path: paths.current,
    write: (way, context, device) => {
      const { productId, deviceName, lines } = options;
      checkLines(device, lines);
      return write({ productId, deviceName, lines }, way, context);
    },
  });
}

/** Types say so already; a program in JavaScript can pass anything. */
function checkLines(device: string, lines: unknown): void {
  if (!Array.isArray(lines)) throw new LianyunError('bad-input', 'lines is no array of { level, content, at? }.', { device, path: 'lines' });
  let characters = 0;
  for (const [index, line] of (lines as readonly unknown[]).entries()) {
    const { level, content, at }: Readonly<Record<string, unknown>> = isJsonObject(line) ? line : {};
    if (typeof level !== 'string' || !LEVELS.includes(level) || typeof content !== 'string' || (at !== undefined && !isInstant(at))) {
      throw new LianyunError('bad-input', `lines[${index}] is no { level, content, at? }: ${LEVELS.join(', ')}, text, and ms since 1970 are expected.`, { device, path: `lines[${index}]` });
    }
    characters += content.length;
  }
  if (characters > MAX_CHARACTERS) throw new LianyunError('too-large', `The lines have ${characters} characters together; at most ${MAX_CHARACTERS} go into a request: send them in parts.`, { device });
}

const isInstant = (at: unknown): boolean => typeof at === 'number' && at >= 0 && at < 253_402_300_800_000;
