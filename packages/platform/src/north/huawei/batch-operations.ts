import { isLianyunError, LianyunError, stringifyExact, type JsonObject } from '@lianyun/protocol';
import type * as v from 'valibot';
import type { BatchOutcome, Perform } from '../../huawei/batch-tasks.ts';
import type { Device } from '../../records.ts';
import { removeDevice, type NorthContext } from '../context.ts';
import { asyncCommandSchema, queue } from './async-commands.ts';
import { anyObject, faultOf, readValue } from './call.ts';
import { changeDevice, changeGatewaySchema, moveDevice, updateSchema } from './devices.ts';
import { failureOf, messageSchema, post } from './messages.ts';
import { command, commandSchema } from './requests.ts';
import { desire, shadowSchema } from './shadow.ts';

/** What a batch task does to one device, and what its document has to be. It happens at once, or the device has to be waited for. */
interface Operation {
  readonly document: v.GenericSchema | undefined;
  readonly isSlow: boolean;
  readonly run: (context: NorthContext, target: Device, document: unknown) => BatchOutcome | Promise<BatchOutcome>;
}

/** One that happens at once; it returns what the API shows as output. */
function quick<S extends v.GenericSchema>(document: S, run: (context: NorthContext, target: Device, document: v.InferOutput<S>) => string | undefined): Operation {
  return {
    document,
    isSlow: false,
    run: (context, target, given) => {
      const output = run(context, target, given);
      return output === undefined ? {} : { output };
    },
  };
}

function slow<S extends v.GenericSchema>(document: S, run: (context: NorthContext, target: Device, document: v.InferOutput<S>) => Promise<BatchOutcome>): Operation {
  return { document, isSlow: true, run: (context, target, given) => run(context, target, given) };
}

/** One that needs no document. */
const plain = (run: (context: NorthContext, target: Device) => void): Operation => ({
  document: undefined,
  isSlow: false,
  run: (context, target) => {
    run(context, target);
    return {};
  },
});

/** What is done to many devices, by the type of the task (14.8). */
const OPERATIONS = {
  deleteDevices: plain((context, { device }) => removeDevice(context, 'huawei', device)),
  freezeDevices: plain(({ registry }, { device }) => void registry.updateDevice('huawei', device, { enabled: false })),
  unfreezeDevices: plain(({ registry }, { device }) => void registry.updateDevice('huawei', device, { enabled: true })),
  createCommands: slow(commandSchema, async (context, target, body) => {
    const answer = await command(context, target, body);
    if (!('response' in answer)) return failed(answer.error_code, answer.error_msg);
    const { result_code: code } = answer.response;
    return { output: stringifyExact(answer.response), ...(code === 0 ? {} : failed(String(code), 'The device answered with a code other than 0.')) };
  }),
  createAsyncCommands: quick(asyncCommandSchema, (context, target, body) => {
    const { id, fault } = queue(context, target, body);
    if (fault !== undefined) throw new LianyunError('offline', fault.text, { device: target.device });
    return stringifyExact({ command_id: id });
  }),
  createMessages: slow(messageSchema, async (context, { device }, body) => {
    const letter = await post(context, device, body);
    const failure = failureOf(letter);
    return failure === undefined ? { output: stringifyExact({ message_id: letter.id }) } : failed(failure.error_code, failure.error_msg);
  }),
  updateDeviceShadows: quick(shadowSchema, (context, target, body) => void desire(context, target, body)),
  updateDevices: quick(updateSchema, (context, { device }, body) => void changeDevice(context, device, body)),
  changeGateway: quick(changeGatewaySchema, (context, target, body) => void moveDevice(context, target, body)),
} as const satisfies Record<string, Operation>;

type OperationType = keyof typeof OPERATIONS;

export const OPERATION_TYPES = Object.keys(OPERATIONS) as OperationType[]; // its own keys

const operationOf = (type: string): Operation | undefined => (Object.hasOwn(OPERATIONS, type) ? OPERATIONS[type as OperationType] : undefined);
const failed = (code: string, text: string): BatchOutcome => ({ error: { code, text } });

/** Refuses a document that is not what the type of its task needs; undefined for a type that needs none. */
export function checkDocument(type: string, document: JsonObject | undefined): JsonObject | undefined {
  const schema = operationOf(type)?.document;
  if (schema === undefined) return undefined;
  const given = readValue(document, anyObject, 'document');
  readValue(given, schema, 'document');
  return given;
}

/** Does the parts of batch tasks. */
export function performBatch(context: NorthContext): Perform {
  return ({ type, document }, device) => {
    const operation = operationOf(type);
    if (operation === undefined) return { now: () => failed('IOTDA.000006', `Invalid input data. This platform does not know the task type ${type}.`) };
    const run = (): BatchOutcome | Promise<BatchOutcome> => operation.run(context, context.registry.device('huawei', device), operation.document === undefined ? undefined : readValue(document, operation.document, 'document'));
    const outcomeOf = (error: unknown): BatchOutcome => {
      // What is not stored did not happen.
      if (isLianyunError(error, 'storage-failed')) throw error;
      const { body } = faultOf(error);
      return failed(body.error_code, body.error_msg);
    };
    if (operation.isSlow) return { later: async () => Promise.resolve().then(run).catch(outcomeOf) };
    return {
      now: () => {
        try {
          return run() as BatchOutcome; // what is not slow gives no promise
        } catch (error) {
          return outcomeOf(error);
        }
      },
    };
  };
}
