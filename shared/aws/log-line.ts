/** One line of JSON for CloudWatch Logs, which finds fields in it. For what an operator has to see; never a key, a token or a URL. */
export const logLine = (fields: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${JSON.stringify(fields)}\n`);
};
