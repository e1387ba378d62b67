/** The parts of an SDK error that decide. Names are the wire's own; `attempts` counts what the SDK tried by itself. */
export interface AwsError {
  readonly name: string;
  readonly status: number | undefined;
  readonly attempts: number;
}

/** What an error says if it came from an AWS endpoint; anything else has an empty name. */
export const awsErrorOf = (error: unknown): AwsError => {
  if (!(error instanceof Error)) return { name: '', status: undefined, attempts: 1 };
  const metadata = (error as { readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number } }).$metadata;
  return { name: metadata === undefined ? '' : error.name, status: metadata?.httpStatusCode, attempts: metadata?.attempts ?? 1 };
};
