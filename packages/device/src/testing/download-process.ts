// A process that downloads one file and says how much its resident memory grew at most. It takes one JSON argument: { url, file, bytes, sha256 }.
import { systemClock } from '@lianyun/protocol';
import { Download } from '../download/download.ts';

interface Orders {
  readonly url: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

// The argument is the test's own.
const { url, file, bytes, sha256 } = JSON.parse(process.argv[2] ?? '{}') as Orders;
globalThis.gc?.();
const before = process.memoryUsage.rss();
await new Download({ source: () => ({ url }), file, bytes, digest: { algorithm: 'sha256', hex: sha256 }, clock: systemClock }).done;
process.send?.((process.resourceUsage().maxRSS * 1024 - before) / 2 ** 20, () => process.exit(0));
