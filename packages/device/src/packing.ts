import { codecOf, LianyunError, type AnyDialect, type Link } from '@lianyun/protocol';
import { node } from './node.ts';

/**
 * A link over which large reports and messages travel packed, where the cloud has a way to say so (Huawei 2). Without a bound it is the link itself.
 * Throws `bad-config` for a bound that is none, or a cloud that takes nothing packed.
 */
export function packing(link: Link, dialect: AnyDialect, fromBytes: number | undefined): Link {
  if (fromBytes === undefined) return link;
  if (!Number.isInteger(fromBytes) || fromBytes < 0) throw new LianyunError('bad-config', `gzipFromBytes is ${String(fromBytes)}: a whole number of bytes is expected.`);
  const codec = codecOf(dialect);
  if (!codec.hasPacking) throw new LianyunError('bad-config', `gzipFromBytes is given, and the ${dialect.name} cloud takes nothing packed.`);
  const { gzipSync } = node.zlib();
  return {
    send(via, frame, options) {
      const { topic, payload } = frame;
      if (payload.length < fromBytes || !codec.takesPacked(topic)) return link.send(via, frame, options);
      return link.send(via, { ...frame, topic: `${topic}?encoding=gzip`, payload: gzipSync(payload) }, options);
    },
    settle: (via, key, error) => link.settle(via, key, error),
  };
}
