import { PermanentError, messageOf } from '../errors.ts';
import { parseGoTemplate } from '../rules/templates/template-parser.ts';
import type { ParsedTemplate } from '../rules/templates/template-parser.ts';
import { YamlFile } from '../rules/yaml-file.ts';
import { TEMPLATE_NAMES } from './message-template.ts';
import type { NamedTemplates } from './message-template.ts';

/** A file of templates, or why it cannot be read. */
export type TemplateFile = { readonly file: string } & ({ readonly text: string } | { readonly problem: string });

/** All files of templates together: they are built into functions, and parsed at their start. */
const MAX_TEMPLATE_BYTES = 262_144;

/**
 * The patterns of files that a file in Alertmanager's format names under `templates`, relative to its own folder. None where the
 * list does not read: that is an error of the file itself.
 */
export const templatePatterns = (text: string): readonly string[] => {
  const yaml = new YamlFile(text, '', true);
  const list = yaml.fields(yaml.root, '').find(({ key }) => key === 'templates');
  return list === undefined ? [] : yaml.elements(list.value, '').map((node) => yaml.text(node, ''));
};

/** The templates that files define, the later one of a name counting, and every file under its own name; `file:line: message` for each that does not read. */
export const parseTemplateFiles = (files: readonly TemplateFile[]): { readonly templates: NamedTemplates; readonly errors: readonly string[] } => {
  const bytes = files.reduce((sum, file) => sum + ('text' in file ? Buffer.byteLength(file.text) : 0), 0);
  if (bytes > MAX_TEMPLATE_BYTES) return { templates: new Map(), errors: [`templates: found ${bytes} bytes in ${files.length} files, at most ${MAX_TEMPLATE_BYTES} are allowed`] };
  const templates = new Map<string, ParsedTemplate>();
  const errors: string[] = [];
  for (const file of files) {
    try {
      const parsed = parseFile(file);
      for (const name of parsed.named.keys()) templates.set(name, parsed);
    } catch (error) {
      errors.push(messageOf(error).replace(/^template: /, ''));
    }
  }
  return { templates, errors };
};

const parseFile = (file: TemplateFile): ParsedTemplate => {
  if ('problem' in file) throw new PermanentError(`${file.file}: ${file.problem}`);
  const parsed = parseGoTemplate(file.text, file.file, TEMPLATE_NAMES);
  return { ...parsed, named: new Map([[file.file.replace(/^.*[/\\]/, ''), parsed.root], ...parsed.named]) };
};
