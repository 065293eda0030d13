import * as v from 'valibot';
import { json } from '../envelope.ts';
import { LianyunError } from '../errors.ts';
import { isJsonObject } from '../json.ts';
import { absent } from '../wire.ts';

const head = v.object({
  method: absent(v.string()),
  // A numeric token is echoed as a string by the cloud (reference 7.2).
  clientToken: absent(v.pipe(v.union([v.string(), v.number()]), v.transform(String))),
});

/** `method` tells the messages of a `$thing` topic apart, `clientToken` ties an answer to its request (reference 0.4, 2). */
export const method = json({
  open(document) {
    if (!isJsonObject(document)) throw new LianyunError('bad-frame', '$ is wrong: an object is expected.', { path: '$' });
    const parsed = v.safeParse(head, document);
    if (!parsed.success) {
      const path = `$.${v.getDotPath(parsed.issues[0]) ?? ''}`;
      throw new LianyunError('bad-frame', `${path} is wrong: ${parsed.issues[0].message}.`, { path });
    }
    const { clientToken: id } = parsed.output;
    // The vendor's Python SDK answers a control without a method (reference 2.4).
    const tag = parsed.output.method ?? (id !== undefined && 'code' in document ? 'control_reply' : undefined);
    if (tag === undefined) throw new LianyunError('bad-frame', '$.method is missing.', { path: '$.method' });
    return [{ tag, body: document, ...(id === undefined ? {} : { id }) }];
  },
  seal: (part) => ({ method: part.tag, ...(part.id === undefined ? {} : { clientToken: part.id }), ...(part.body as object) }),
});
