import { HttpFault } from '../../shared/http/http-fault.ts';

/** The media type without its parameters, in lower case; '' where none is given. */
export const mediaType = (contentType: string): string => (contentType.split(';')[0] as string).trim().toLowerCase();

/** @throws HttpFault 415 unless the media type is one of `allowed`. */
export const requireMediaType = (contentType: string, allowed: readonly string[]): string => {
  const found = mediaType(contentType);
  if (!allowed.includes(found)) throw unsupportedType(contentType, allowed);
  return found;
};

export const unsupportedType = (contentType: string, allowed: readonly string[]): HttpFault => {
  const named = allowed.filter((type) => type !== '').join(', ');
  return new HttpFault(415, `content type: "${contentType.slice(0, 100)}" found, ${named} allowed`);
};
