import type { MqttRule } from './rules.ts';
import { judgeText } from './text.ts';

const MAX_BYTES = 65_535;

/** True if a PUBLISH may carry this topic name: not empty, no wildcard, clean UTF-8 of at most 65535 bytes (section 4.7). */
export function isTopicName(text: string): boolean {
  return text !== '' && !hasWildcard(text) && isCleanText(text);
}

/** True if a SUBSCRIBE may carry this filter: not empty, `#` alone and last, `+` alone in its level, clean UTF-8 of at most 65535 bytes (section 4.7). */
export function isTopicFilter(text: string): boolean {
  return filterFault(text) === undefined && isCleanText(text);
}

/**
 * True if a message on `topic` is for a subscription with `filter`; both are well-formed.
 * A wildcard in the first level does not match a topic that begins with `$` [MQTT-4.7.2-1].
 */
export function topicMatches(filter: string, topic: string): boolean {
  if (filter === topic) return !hasWildcard(topic);
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false;
  let f = 0;
  let t = 0;
  for (;;) {
    const char = filter[f];
    if (char === '#') return true;
    if (char === '+') {
      f++;
      while (t < topic.length && topic[t] !== '/') t++;
    } else {
      while (f < filter.length && filter[f] !== '/') {
        if (filter[f] !== topic[t]) return false;
        f++;
        t++;
      }
      if (t < topic.length && topic[t] !== '/') return false;
    }
    // Both stand behind a level. `a/#` also matches `a`, section 4.7.1.2.
    if (t === topic.length) return f === filter.length || filter.slice(f) === '/#';
    if (f === filter.length) return false;
    f++;
    t++;
  }
}

/** True if the text contains `+` or `#`. */
export function hasWildcard(text: string): boolean {
  return text.includes('+') || text.includes('#');
}

/** The rule of section 4.7 that a filter breaks, apart from its characters. */
export function filterFault(filter: string): MqttRule | undefined {
  if (filter === '') return 'filter-empty';
  if (!hasWildcard(filter)) return undefined;
  for (let i = 0; i < filter.length; i++) {
    const char = filter[i];
    if (char !== '#' && char !== '+') continue;
    const startsLevel = i === 0 || filter[i - 1] === '/';
    if (char === '#' && !(startsLevel && i === filter.length - 1)) return 'filter-multi-level';
    if (char === '+' && !(startsLevel && (i === filter.length - 1 || filter[i + 1] === '/'))) return 'filter-single-level';
  }
  return undefined;
}

const SHARE = '$share/';

/** True if MQTT 5 takes the filter for a shared subscription, section 4.8.2. */
export function isShared(filter: string): boolean {
  return filter.startsWith(SHARE);
}

/** The rule that a filter breaks on an MQTT 5 connection, where `$share/{name}/{filter}` has a meaning. */
export function filterFault5(filter: string): MqttRule | undefined {
  if (!isShared(filter)) return filterFault(filter);
  const slash = filter.indexOf('/', SHARE.length);
  if (slash <= SHARE.length || hasWildcard(filter.slice(SHARE.length, slash)) || slash === filter.length - 1) return 'filter-share';
  return filterFault(filter.slice(slash + 1));
}

function isCleanText(text: string): boolean {
  const verdict = judgeText(text);
  return (verdict === 'ascii' || verdict === 'unicode') && (text.length * 3 <= MAX_BYTES || Buffer.byteLength(text) <= MAX_BYTES);
}
