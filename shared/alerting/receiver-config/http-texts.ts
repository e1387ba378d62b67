import type { FieldReader } from './field-reader.ts';

const HEADER_VALUE = /^[\x20-\x7e]*$/;

/** RFC 9110, "token". */
const TOKEN = /^[!#$%&'*+\-.^`|~\w]+$/;

export const isToken = (text: string): boolean => TOKEN.test(text);

export const isHeaderValue = (text: string): boolean => HEADER_VALUE.test(text);

/** The text, once it is clear that a header may have it as its name or value; the error does not quote it. */
export const checkedHeader = (reader: FieldReader, key: string, text: string, part: 'name' | 'value' = 'name'): string => {
  if (part === 'name' && !isToken(text)) reader.fail(key, `${key}: found a name that is no name of a header`);
  if (part === 'value' && !isHeaderValue(text)) reader.fail(key, `${key}: found characters that no header may have, printable ASCII is allowed`);
  return text;
};

/**
 * What is written as an address is: URL parsers take white space, line breaks, backslashes and missing slashes before a host too,
 * which would hide its login from those who look for one.
 */
const HTTP_URL = /^https?:\/\/[^\s\p{Cc}\\/?#][^\p{Cc}]*$/iu;

export const isHttpUrl = (text: string): boolean => HTTP_URL.test(text) && URL.canParse(text);
