import { dirname } from 'node:path';
import { type TemplateFile, templatePatterns } from '../shared/alerting/template-files.ts';
import { watchPatterns } from '../shared/embedded/watched-files.ts';

/** The files of templates that a file in Alertmanager's format names, as they are now. */
export const templateFilesOf = async (text: string, path: string): Promise<readonly TemplateFile[]> => {
  const found = (await watchPatterns(templatePatterns(text), dirname(path)).changed()) ?? [];
  return found.map((file) => ({ ...file, file: file.path }));
};
