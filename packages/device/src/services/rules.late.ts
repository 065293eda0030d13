import type { DeviceContext } from './context.ts';
import { RulesService, type RulesParts } from './rules.ts';

export function makeRules(context: DeviceContext, parts: RulesParts): RulesService {
  return new RulesService(context, parts);
}
