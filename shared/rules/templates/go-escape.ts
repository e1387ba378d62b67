const HTML: Readonly<Record<string, string>> = { '"': '&#34;', "'": '&#39;', '&': '&amp;', '<': '&lt;', '>': '&gt;', '\0': '\ufffd' };

/** Go's HTMLEscapeString. */
export const escapeHtml = (text: string): string => text.replace(/["'&<>\0]/g, (char) => HTML[char] as string);

const JS: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '"': '\\"', '<': '\\u003C', '>': '\\u003E', '&': '\\u0026', '=': '\\u003D' };

/** Go's JSEscapeString. */
export const escapeJs = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[\\'"<>&=\0-\x1f]/g, (char) => JS[char] ?? `\\u00${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

/** Go's url.QueryEscape: everything but letters, digits and `-_.~` as %XX, a space as a plus. */
export const escapeQuery = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
