// Goals: a ratio of ours to a peer's, or a figure of ours, judged by its median over the rounds.
import { spread } from './samples.mjs';

/** Ours and the peer that it is measured against. */
const JUDGED = { publish: 'MQTT.js +noDelay', latency: 'MQTT.js +noDelay', devices: 'MQTT.js', startup: 'MQTT.js', fleet: 'aedes', 'fleet-stored': 'aedes', connections: 'aedes', history: 'ten thousand', ota: 'node:http' };
/** What stands for ours where ours is measured against itself. */
const OURS = { history: 'one million' };

const atLeast = (ratio) => ({ text: `≥ ${ratio.toFixed(1)}`, isMet: (value) => value >= ratio });
/** For what has no peer: a figure of ours itself. */
const below = (limit, unit) => ({ text: `< ${limit} ${unit}`, isMet: (value) => value < limit });
const atMost = (ratio) => ({ text: `≤ ${ratio.toFixed(1)}`, isMet: (value) => value <= ratio });

/** What the issues ask for; `values` of a goal, round by round, where it is neither a ratio to a peer nor a figure. */
const GOALS = [
  { name: 'publish QoS 0, 200 B, window 1000', part: 'publish', of: 'Q0 200 B w1000', figure: 'perSecond', wanted: atLeast(1.5) },
  { name: 'publish QoS 1, 200 B, window 20', part: 'publish', of: 'Q1 200 B w20', figure: 'perSecond', wanted: atLeast(1.2) },
  { name: 'publish QoS 1, 200 B, window 1000', part: 'publish', of: 'Q1 200 B w1000', figure: 'perSecond', wanted: atLeast(1.2) },
  { name: 'command round trip p50, QoS 1, asynchronous handler', part: 'latency', of: 'Q1', figure: 'p50Us', wanted: atMost(1.0) },
  { name: 'memory of a further device, 5,000 in one process', part: 'devices', of: '5000 devices', figure: 'kibEach', wanted: atMost(0.5) },
  { name: 'spawn to connected', part: 'startup', of: 'start', figure: 'ms', wanted: atMost(0.5) },
  { name: 'fleet intake, 1,000 connections, window 1, QoS 1', part: 'fleet', of: '1000 connections', figure: 'perSecond', wanted: atLeast(1.2) },
  { name: 'the same, stored before it is acknowledged', part: 'fleet-stored', of: '1000 connections', figure: 'perSecond', wanted: atLeast(1.0) },
  { name: 'a page of history among one million reports, beside ten thousand', part: 'history', of: 'history page', figure: 'p50Us', wanted: atMost(1.5) },
  { name: 'a page of devices, the same', part: 'history', of: 'device page', figure: 'p50Us', wanted: atMost(1.5) },
  { name: 'start of the platform with one million reports', part: 'history', of: 'start', figure: 'startMs', isAbsolute: true, wanted: below(2000, 'ms') },
  { name: 'the same after it was killed with a full journal', part: 'history', of: 'start after a kill', figure: 'startMs', isAbsolute: true, wanted: below(2000, 'ms') },
  { name: 'platform connects per second', part: 'connections', of: '5000 connections', figure: 'perSecond', wanted: atLeast(1.2) },
  { name: 'OTA to disk with SHA-256, 200 MB', part: 'ota', of: '200 MB', figure: 'perSecond', wanted: atLeast(1.0) },
  { name: 'growth of memory, OTA of 800 MB against 200 MB', part: 'ota', wanted: atMost(1.3), values: growthOf800Against200 },
  { name: 'growth of memory at 800 MB', part: 'ota', of: '800 MB', figure: 'growthMiB', isAbsolute: true, wanted: below(160, 'MiB') },
  { name: 'platform memory of an idle connection, 5,000', part: 'connections', of: '5000 connections', figure: 'kibEach', wanted: atMost(0.5) },
];

/** A ratio of ours to its peer, or a figure of ours, round by round. */
function usual(samples, { part, of, figure, isAbsolute }) {
  const ours = OURS[part] ?? 'ours';
  return isAbsolute ? samples.series(of, ours, figure) : samples.ratios(of, figure, [ours, JUDGED[part]]);
}

function growthOf800Against200(samples) {
  const small = samples.series('200 MB', 'ours', 'growthMiB');
  return samples.series('800 MB', 'ours', 'growthMiB').map((value, round) => value / small[round]);
}

/** Judges the goals of the parts that ran; `samplesOf` gives a part's samples, `whyNot` why a part has none. */
export function judge(parts, { samplesOf, whyNot }) {
  return GOALS.filter(({ part }) => parts.includes(part)).map(({ name, part, of, figure, isAbsolute, wanted, values = usual }) => {
    const samples = samplesOf(part);
    const ratio = spread(samples === undefined ? [] : values(samples, { part, of, figure, isAbsolute }));
    if (ratio === undefined) return { name, wanted: wanted.text, line: `goal ${name}: not measured (${whyNot(part)}), wanted ${wanted.text}` };
    const verdict = wanted.isMet(ratio.median) ? 'reached' : 'missed';
    const range = `${ratio.median.toFixed(2)} [${ratio.min.toFixed(2)}-${ratio.max.toFixed(2)}]`;
    return { name, wanted: wanted.text, ratio, verdict, line: `goal ${name}: ${range}, wanted ${wanted.text}: ${verdict}` };
  });
}
