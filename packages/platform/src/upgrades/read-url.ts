import { LianyunError, type Clock } from '@lianyun/protocol';

/** How long the other end may be silent. */
const SILENCE_MS = 60_000;

/** The bytes that a URL has, as they come. Fails with `bad-input` for what is no http or https URL, with `network` when they do not come. */
export async function* readUrl(url: string, clock: Clock): AsyncGenerator<Uint8Array> {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw new LianyunError('bad-input', `${JSON.stringify(url.slice(0, 200))} is no http or https URL.`, { path: 'url' });
  const silence = new AbortController();
  const watch = () => clock.after(SILENCE_MS, () => silence.abort(new Error(`nothing came for ${SILENCE_MS / 1000} s`)));
  let timer = watch();
  try {
    // What is packed for the way would have another size and other digests.
    const response = await fetch(url, { signal: silence.signal, headers: { 'accept-encoding': 'identity' } });
    if (response.status !== 200 || response.body === null) throw new LianyunError('network', `${withoutQuery(url)} answered ${response.status}.`);
    for await (const chunk of response.body) {
      timer.cancel();
      yield chunk as Uint8Array; // a body of bytes
      timer = watch();
    }
  } catch (cause) {
    if (cause instanceof LianyunError) throw cause;
    const why = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : String(cause);
    throw new LianyunError('network', `${withoutQuery(url)} could not be read: ${why}`, { cause });
  } finally {
    timer.cancel();
    silence.abort();
  }
}

/** A signed URL's query opens it. */
const withoutQuery = (url: string): string => url.split('?', 1)[0] ?? '';
