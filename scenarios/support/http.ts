// A request to any URL on a connection of its own, as a device makes it.
import http from 'node:http';

interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** Resolves with the whole answer. */
export async function fetchUrl(url: string, { method = 'GET', headers = {}, body }: { readonly method?: 'GET' | 'HEAD' | 'PUT'; readonly headers?: http.OutgoingHttpHeaders; readonly body?: string | Buffer } = {}): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  http.request(url, { method, headers, agent: false }, resolve).on('error', reject).end(body);
  const answer = await promise;
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: (await answer.setEncoding('utf8').toArray()).join('') };
}
