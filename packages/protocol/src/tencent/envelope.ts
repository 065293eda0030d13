import * as v from 'valibot';
import { json } from '../envelope.ts';
import { LianyunError } from '../errors.ts';
import { isJsonObject } from '../json.ts';
import { once } from '../once.ts';
import { absent } from '../wire.ts';

/** A numeric token is echoed as a string by the cloud (reference 7.2). */
export const token = absent(v.pipe(v.union([v.string(), v.number(), v.bigint()]), v.transform(String)));

const head = once(() => v.object({ method: absent(v.string()), clientToken: token }));

/** `method` tells the messages of a `$thing` topic apart, `clientToken` ties an answer to its request (reference 0.4, 2). */
export const method = json({
  open(document, topic) {
    if (!isJsonObject(document)) throw new LianyunError('bad-frame', '$ is wrong: an object is expected.', { path: '$' });
    const parsed = v.safeParse(head(), document);
    if (!parsed.success) {
      const path = `$.${v.getDotPath(parsed.issues[0]) ?? ''}`;
      throw new LianyunError('bad-frame', `${path} is wrong: ${parsed.issues[0].message}.`, { path });
    }
    const { clientToken: id } = parsed.output;
    // The vendor's Python SDK answers a control without a method (reference 2.4).
    const isReply = id !== undefined && 'code' in document && topic.startsWith('$thing/up/property/');
    const tag = parsed.output.method ?? (isReply ? 'control_reply' : undefined);
    if (tag === undefined) throw new LianyunError('bad-frame', '$.method is missing.', { path: '$.method' });
    return [{ tag, body: document, ...(id === undefined ? {} : { id }) }];
  },
  seal: (part) => ({ method: part.tag, ...(part.id === undefined ? {} : { clientToken: part.id }), ...(part.body as object) }),
});

/** `type` tells the messages of the other system topics apart; most of them carry no token (reference 3, 5, 7.1). */
export const typed = json({
  open(document) {
    if (!isJsonObject(document)) throw new LianyunError('bad-frame', '$ is wrong: an object is expected.', { path: '$' });
    const { type } = document;
    if (typeof type !== 'string' || type === '') throw new LianyunError('bad-frame', '$.type is missing.', { path: '$.type' });
    return [{ tag: type, body: document }];
  },
  seal: (part) => ({ type: part.tag, ...(part.body as object) }),
});
