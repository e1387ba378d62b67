/** The columns of hot files as Glue declares them (design 3). `ts` is bigint: an engine's own timestamps differ in precision. */
export const hotGlueColumns = (promotedLabels: readonly string[]): readonly { readonly name: string; readonly type: string }[] => [
  { name: 'metric', type: 'string' },
  { name: 'labels', type: 'string' },
  ...promotedLabels.map((name) => ({ name, type: 'string' })),
  { name: 'ts', type: 'bigint' },
  { name: 'value', type: 'double' },
  { name: 'voff', type: 'bigint' },
  { name: 'vbase', type: 'bigint' },
  { name: 'vmul', type: 'bigint' },
  { name: 'vdiv', type: 'double' },
  { name: 'histogram', type: 'binary' },
];
