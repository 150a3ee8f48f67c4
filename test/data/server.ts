/** An HTTP server on this machine for the tests of downloads, and a folder for what they leave. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface TestServer {
  url: string;
  /** Of each request so far: its path, and its Range header where it had one. */
  requests: { path: string; range?: string }[];
  close(): Promise<void>;
}

/** `handlers` answer the requests in turn, the last one all that follow. */
export async function serve(...handlers: RequestListener[]): Promise<TestServer> {
  const requests: TestServer['requests'] = [];
  const server = createServer((request, response) => {
    const { range } = request.headers;
    requests.push({ path: request.url ?? '', ...(range !== undefined && { range }) });
    handlers[Math.min(requests.length, handlers.length) - 1](request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests, close };
}

/** Answers with `content`, honouring Range. */
export function sendRange(content: Uint8Array, request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const range = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
  const rest = content.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length, ...(from > 0 && range) });
  response.end(rest);
}

/** Runs `action` with a folder that is gone afterwards. */
export async function inTemporaryFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'gradparity-'));
  try {
    await action(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
