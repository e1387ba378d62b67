import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { AlertmanagerConfig } from '../shared/alerting/receivers.ts';
import { secretFilesOf, unreadableWarning } from '../shared/alerting/secret-files.ts';

/** A warning for each file that the receivers of an Alertmanager file name and that cannot be read now. */
export const secretFileWarnings = (config: AlertmanagerConfig, path: string): readonly string[] =>
  secretFilesOf(config)
    .filter((file) => !isReadable(resolve(dirname(path), file)))
    .map((file) => unreadableWarning(path, file));

const isReadable = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};
