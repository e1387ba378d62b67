import { HttpFault } from '../../shared/http/http-fault.ts';

/** A whole number of up to 15 digits, such as Unix milliseconds. */
export const wholeNumber = (name: string, text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new HttpFault(400, `parameter ${name}: found ${JSON.stringify(text.slice(0, 50))}, a whole number such as Unix milliseconds is allowed`);
  return Number(text);
};
