import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { PermanentError } from '../errors.ts';
import { awsErrorOf } from './aws-error.ts';

/** Not among the other clients, which go into every function. */
export const cloudFormationClient = (): CloudFormationClient => new CloudFormationClient({ maxAttempts: 3 });

/** The outputs of a deployed stack, by name. @throws PermanentError where there is no such stack in the region. */
export const stackOutputs = async (client: CloudFormationClient, stackName: string): Promise<ReadonlyMap<string, string>> => {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    return new Map((Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (cause) {
    // CloudFormation's word for a stack that is not there.
    if (awsErrorOf(cause).name === 'ValidationError') throw new PermanentError(`find stack ${stackName}: found none in this account and region`, { cause });
    throw cause;
  }
};

/** @throws PermanentError naming every output that is missing. */
export const requireOutputs = <Name extends string>(outputs: ReadonlyMap<string, string>, stackName: string, names: readonly Name[]): Readonly<Record<Name, string>> => {
  const missing = names.filter((name) => (outputs.get(name) ?? '') === '');
  if (missing.length > 0) throw new PermanentError(`find stack ${stackName}: found no output ${missing.join(', ')}; deploy this version of Tidemark first`);
  return Object.fromEntries(names.map((name) => [name, outputs.get(name)])) as Record<Name, string>;
};
