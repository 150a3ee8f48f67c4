/** Files over HTTP, on this machine's loopback alone. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InputError } from '../../errors.js';

const HOST = '127.0.0.1';

const types: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
};

/** The page may load what is beside it, and send nothing anywhere. */
const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};

export interface Served {
  url: string;
  close(): Promise<void>;
}

/**
 * Serves the files, `index.html` at `/`, until it is closed. A request that names another host than this one's is refused: a page elsewhere
 * may have a name that leads here.
 *
 * @throws InputError where the port is taken or not for this user
 */
export async function serve(files: Readonly<Record<string, string>>, port: number): Promise<Served> {
  const server = createServer((request, response) => answer(files, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = { EADDRINUSE: 'is in use', EACCES: 'is not for this user' }[error.code ?? ''];
      reject(
        new InputError(
          `demo: port ${port} ${why ?? `can't be opened (${error.code})`}. Choose another --port, or 0 for a free one.`,
          {
            cause: error,
          },
        ),
      );
    });
    server.listen(port, HOST, resolve);
  });
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(
  files: Readonly<Record<string, string>>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const end = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
    response.writeHead(status, {
      ...headers,
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      ...(status === 405 && { Allow: 'GET, HEAD' }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const [host] = (request.headers.host ?? '').split(':');
  if (host !== HOST && host !== 'localhost') return end(403, 'This page is for this machine alone.\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(405, 'Only GET and HEAD.\n');
  const [place] = (request.url ?? '/').split('?');
  const name = place === '/' ? 'index.html' : place.slice(1);
  if (!Object.hasOwn(files, name)) return end(404, 'There is no such file.\n');
  end(200, files[name], types[name.split('.').at(-1) ?? '']);
}
