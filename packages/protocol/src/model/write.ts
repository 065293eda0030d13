import { LianyunError } from '../errors.ts';
import { listed } from './describe.ts';
import type { MappingProblem } from './map-service.ts';
import type { Cloud } from './model.ts';

/** A file is written whole or not at all: refuses what would be left out of it. What is only changed is there. */
export function refuseProblems(problems: readonly MappingProblem[], cloud: Cloud): void {
  const lost = problems.filter(({ effect }) => effect === 'left-out').map(({ message }) => message);
  if (lost.length === 0) return;
  throw new LianyunError('bad-config', `The thing model is not on ${cloud} whole: ${listed(lost)}. To write the rest, write forCloud(model, '${cloud}').model.`);
}
