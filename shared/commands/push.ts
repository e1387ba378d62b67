import { type Api, callApi } from './api.ts';

/** Sends plain lines: `CPU.load host=webserver01,region=us-west 1613707265 50`. Gives back what to print. */
export const push = async (api: Api, lines: string): Promise<string> => {
  await callApi(api, '/api/v1/push', { method: 'POST', body: lines, contentType: 'text/plain' });
  const count = lines.split('\n').filter((line) => line.trim() !== '').length;
  return `${count} ${count === 1 ? 'sample' : 'samples'} accepted`;
};
