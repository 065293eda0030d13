import { LianyunError, readEventTime, type PropertyGroup } from '@lianyun/protocol';
import { ServiceProperty } from './data.ts';
import { given } from './speaker.ts';

/** Types say so already; a program in JavaScript can pass anything. */
export const isJson = (value: unknown): boolean => value !== undefined && typeof value !== 'function' && typeof value !== 'symbol' && !ArrayBuffer.isView(value);

/** Values as the protocol has them. */
export const groupsOf = (services: readonly ServiceProperty[]): PropertyGroup[] =>
  services.map(({ serviceId, properties, eventTime }) => {
    const at = readEventTime(given(eventTime));
    return { service: serviceId, values: properties, ...(at === undefined ? {} : { at }) };
  });

/** A group of values as the service's. */
export const serviceOf = ({ service = '', values }: PropertyGroup): ServiceProperty => new ServiceProperty({ serviceId: service, properties: values });

/** What is there of some members. */
export function named<T extends Record<string, string | null | undefined>>(members: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => given(value) !== undefined)) as { [K in keyof T]?: string };
}

/** Types say so already; a program in JavaScript can pass anything. A structural object is as good as a subclass. */
export function checked<T extends object>(listener: T | null | undefined, method: string, members: readonly (keyof T & string)[]): T | undefined {
  if (listener === null) return undefined;
  const missing = members.find((member) => typeof listener?.[member] !== 'function');
  if (missing !== undefined) throw new LianyunError('bad-input', `${method}() takes an object with the methods ${members.join(', ')}; ${missing} is missing.`);
  return listener;
}
