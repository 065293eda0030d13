import type { Case } from '../transcript.ts';

/** The host that the recorded program was told to connect to, as its scenario shows it. */
export const hostIn = (cases: readonly Case[]): string => cases.flatMap((each) => (each['dial'] ?? []) as { host: string }[])[0]?.host ?? 'iot-mqtts.example.com';
