export { registerDevice, requestCredential } from './register.ts';
