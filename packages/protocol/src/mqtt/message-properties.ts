import type { MessageProperties } from '../message-properties.ts';
import type { PublishProperties } from './properties.ts';

/** What a PUBLISH carries for whoever gets the message, as opposed to what belongs to the connection; undefined for nothing. */
export function messageProperties(properties: PublishProperties | undefined): MessageProperties | undefined {
  if (properties === undefined) return undefined;
  const { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties, messageExpiryInterval: expirySeconds } = properties;
  const all = { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties, expirySeconds };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** The same for a PUBLISH to be written, with a topic alias if there is one. */
export function publishProperties(properties: MessageProperties | undefined, topicAlias?: number): PublishProperties | undefined {
  if (properties === undefined) return topicAlias === undefined ? undefined : { topicAlias };
  const { correlationData, expirySeconds, ...rest } = properties;
  return {
    ...rest,
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData) }),
    ...(expirySeconds === undefined ? {} : { messageExpiryInterval: expirySeconds }),
    ...(topicAlias === undefined ? {} : { topicAlias }),
  };
}
