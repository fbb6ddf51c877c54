/**
 * Memory that is given back as soon as nobody needs it, instead of being found by the garbage collector.
 *
 * Bytes on their way through the daemon come in pieces of 64 KiB of their own. V8 counts them as memory outside its
 * heap and goes through the whole heap each time 32 MiB of them have gathered: a copy of 256 MiB then costs
 * more for collecting than for everything else.
 */

/** Only for bytes that their caller owns and that nobody looks at again; parts of something larger stay. */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
