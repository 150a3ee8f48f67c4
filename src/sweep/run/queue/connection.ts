/** The connection to Redis that BullMQ works on. */
import { Redis } from 'ioredis';
import { EnvironmentError, InputError } from '../../../errors.js';

/** The address without its password, wherever in it that may be. */
export function addressText(url: string): string {
  // With no host where it should be, what stands before the last @ may be the password.
  const masked = url.replace(/^([a-z]+:\/\/)?.*@/i, '$1…@').replace(/[?#].*/, '?…');
  if (!/^[a-z]+:\/\//i.test(url) || !URL.canParse(url))
    return url.includes('@') ? masked : 'the address given';
  const address = new URL(url);
  if (/@/.test(address.pathname + address.search + address.hash)) return masked;
  if (address.password) address.password = '…';
  if (address.search) address.search = '…';
  address.hash = '';
  return address.href.replaceAll(encodeURIComponent('…'), '…');
}

/** Whether the address is one of Redis', its user and password readable. */
function isAddress(url: string): boolean {
  if (!/^rediss?:\/\/[^/]/.test(url) || !URL.canParse(url)) return false;
  try {
    const { username, password } = new URL(url);
    return decodeURIComponent(username + password) !== undefined;
  } catch {
    return false;
  }
}

/**
 * Connects, once, and says plainly why not.
 *
 * @param url redis://[user:password@]host[:port][/database], or rediss:// with TLS (NODE_EXTRA_CA_CERTS names an authority of one's own)
 * @throws InputError for another kind of address; EnvironmentError where nobody answers, or not to this password
 */
export async function connect(url: string): Promise<Redis> {
  if (!isAddress(url)) {
    throw new InputError(
      `The queue's address must be redis://host:port, or rediss:// with TLS, with user:password@ where there is one, got ${JSON.stringify(addressText(url))}.`,
    );
  }
  let up = false;
  let reason = 'nobody answers';
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 5000,
    // As BullMQ wants it: its blocking commands wait as long as they must.
    maxRetriesPerRequest: null,
    // A connection that was up comes back; one that never was is reported.
    retryStrategy: (times) => (up ? Math.min(200 * times, 5000) : null),
  });
  redis.on('error', (error: Error) => {
    reason = error.message || (error as NodeJS.ErrnoException).code || reason;
  });
  try {
    await redis.connect();
    await redis.ping();
    up = true;
    return redis;
  } catch (error) {
    redis.disconnect();
    const { message } = error as Error;
    const why = /Connection is closed/.test(message) ? reason : message;
    throw new EnvironmentError(
      `There is no queue at ${addressText(url)}: ${why.replace(/\.$/, '')}. Start a Redis server there, or give another address with --queue.`,
      { cause: error },
    );
  }
}
