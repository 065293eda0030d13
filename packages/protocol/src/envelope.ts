/** A tagged piece of a JSON document. */
export interface Part {
  readonly tag?: string;
  readonly id?: string;
  readonly body: unknown;
}

/** How one JSON document carries one or more tagged messages. `open` throws {@link LianyunError} `bad-frame` with the path. */
export interface Envelope {
  open(document: unknown): readonly Part[];
  seal(part: Part): unknown;
}

/** The document is the message. */
export const plain: Envelope = {
  open: (body) => [{ body }],
  seal: (part) => part.body,
};
