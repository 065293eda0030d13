import type { RuleRules } from '../dialect.ts';
import { isJsonObject, type JsonValue } from '../json.ts';

const SERVICE = '$device_rule';

/** A version as a number, also from digits. What is none counts as one that nobody has yet, so that the rule is asked for. */
function versionOf(value: JsonValue): number {
  const version = isJsonObject(value) ? value['version'] : value;
  const number = typeof version === 'string' && /^-?\d{1,15}$/.test(version) ? Number(version) : version;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : 0;
}

/** How versions of rules travel: as properties of a service of the platform's own (reference 10.1). */
export const ruleVersions: RuleRules = {
  service: SERVICE,
  readVersions(groups) {
    const own = groups.filter(({ service }) => service === SERVICE);
    if (own.length === 0) return { versions: undefined, rest: groups };
    const versions = own.flatMap(({ values }) => Object.entries(values).map(([id, value]) => [id, versionOf(value)] as const));
    return { versions: new Map(versions), rest: groups.filter(({ service }) => service !== SERVICE) };
  },
  writeVersions: (versions) => ({ service: SERVICE, values: Object.fromEntries([...versions].map(([id, version]) => [id, { version }])) }),
};
