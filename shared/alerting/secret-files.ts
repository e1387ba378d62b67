import type { AlertmanagerConfig } from './receivers.ts';

/** The paths of files that receivers read secrets, headers and certificates from, each once; relative ones start at the folder of the Alertmanager file. */
export const secretFilesOf = ({ receivers }: Pick<AlertmanagerConfig, 'receivers'>): readonly string[] => [...new Set(filesIn(receivers))];

const filesIn = (value: unknown): readonly string[] => {
  if (typeof value !== 'object' || value === null) return [];
  if ('file' in value && typeof value.file === 'string') return [value.file];
  return Object.values(value).flatMap(filesIn);
};

/** What is told of those that are not there: the file reads all the same, for secrets may be mounted later. */
export const unreadableWarning = (file: string, path: string): string => `${file}: warning: found no readable file ${path}, receivers that name it send nothing until it is there`;
