/** The address that carries the code: `#code=…`, deflated and in base64url, with what is chosen beside it. */

export interface Shared {
  code: string;
  order: 1 | 2;
  withFixes: boolean;
}

/** More than that in a link is no program that somebody wrote here. */
const MOST_CHARACTERS = 200_000;

async function through(bytes: Uint8Array, stream: GenericTransformStream): Promise<Uint8Array> {
  const whole = new Response(
    new Blob([bytes as BlobPart]).stream().pipeThrough(stream as ReadableWritablePair),
  );
  return new Uint8Array(await whole.arrayBuffer());
}

export async function fragmentOf({ code, order, withFixes }: Shared): Promise<string> {
  const bytes = await through(new TextEncoder().encode(code), new CompressionStream('deflate-raw'));
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const text = btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return `#code=${text}${order === 2 ? '&order=2' : ''}${withFixes ? '&fixes=on' : ''}`;
}

/** What the address holds; undefined where it holds no code. Throws where what it holds is damaged. */
export async function sharedIn(fragment: string): Promise<Shared | undefined> {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const text = fields.get('code');
  if (text === null) return undefined;
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (sign) => sign.charCodeAt(0));
  const code = new TextDecoder('utf-8', { fatal: true }).decode(
    await through(bytes, new DecompressionStream('deflate-raw')),
  );
  if (code.length > MOST_CHARACTERS) throw new Error('too long');
  return { code, order: fields.get('order') === '2' ? 2 : 1, withFixes: fields.get('fixes') === 'on' };
}
