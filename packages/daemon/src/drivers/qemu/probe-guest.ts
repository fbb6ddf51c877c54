/**
 * The smallest guest there is: an initramfs whose only program prints a line and powers off.
 *
 * Reaching that line proves what a probe has to prove: that the kernel boots to its end, that a user
 * program runs, and that its system calls return. The program is x86-64 machine code, made here, so
 * that a probe needs no compiler and no image.
 */

/** what the guest prints before it powers off */
export const PROBE_WORDS = "alcove: the probe guest runs";

const LOAD_ADDRESS = 0x400000;
const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

const WRITE = 1;
const REBOOT = 169;
const STDOUT = 1;
const REBOOT_MAGIC = [0xfee1dead, 0x28121969] as const;
const POWER_OFF = 0x4321fedc;

export function probeInitramfs(): Buffer {
  return Buffer.concat([
    cpioEntry({ name: "dev", mode: 0o040755, content: Buffer.alloc(0), device: [0, 0] }),
    cpioEntry({ name: "dev/console", mode: 0o020600, content: Buffer.alloc(0), device: [5, 1] }),
    cpioEntry({ name: "init", mode: 0o100755, content: probeProgram(), device: [0, 0] }),
    cpioEntry({ name: "TRAILER!!!", mode: 0, content: Buffer.alloc(0), device: [0, 0] }),
  ]);
}

/** A static ELF executable of one segment: write(1, words), reboot(power off), loop. */
function probeProgram(): Buffer {
  const words = Buffer.from(`${PROBE_WORDS}\n`);
  const code = machineCode(words.length);
  const size = ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES + code.length + words.length;
  return Buffer.concat([elfHeader(), programHeader(size), code, words]);
}

function machineCode(wordsBytes: number): Buffer {
  const setEax = (value: number) => [0xb8, ...int32(value)];
  const setEdi = (value: number) => [0xbf, ...int32(value)];
  const setEsi = (value: number) => [0xbe, ...int32(value)];
  const setEdx = (value: number) => [0xba, ...int32(value)];
  const syscall = [0x0f, 0x05];
  const loopForEver = [0xeb, 0xfe];
  const afterLea = [
    ...setEdx(wordsBytes),
    ...syscall,
    ...setEax(REBOOT),
    ...setEdi(REBOOT_MAGIC[0]),
    ...setEsi(REBOOT_MAGIC[1]),
    ...setEdx(POWER_OFF),
    ...syscall,
    ...loopForEver,
  ];
  // lea rsi, [rip + n]: the words stand right behind the code
  const lea = [0x48, 0x8d, 0x35, ...int32(afterLea.length)];
  return Buffer.from([...setEax(WRITE), ...setEdi(STDOUT), ...lea, ...afterLea]);
}

function int32(value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return [...bytes];
}

function elfHeader(): Buffer {
  const header = Buffer.alloc(ELF_HEADER_BYTES);
  header.write("\u007fELF", "latin1");
  header.set([2, 1, 1], 4); // 64 bits, little-endian, version 1
  header.writeUInt16LE(2, 16); // executable
  header.writeUInt16LE(62, 18); // x86-64
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(LOAD_ADDRESS + ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES), 24); // entry
  header.writeBigUInt64LE(BigInt(ELF_HEADER_BYTES), 32); // program headers begin
  header.writeUInt16LE(ELF_HEADER_BYTES, 52);
  header.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  header.writeUInt16LE(1, 56); // one of them
  return header;
}

/** one segment, readable and executable, that is the whole file */
function programHeader(size: number): Buffer {
  const header = Buffer.alloc(PROGRAM_HEADER_BYTES);
  header.writeUInt32LE(1, 0); // to be loaded
  header.writeUInt32LE(5, 4); // read and execute
  header.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 16);
  header.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 24);
  header.writeBigUInt64LE(BigInt(size), 32);
  header.writeBigUInt64LE(BigInt(size), 40);
  header.writeBigUInt64LE(4096n, 48); // alignment
  return header;
}

interface CpioEntry {
  readonly name: string;
  /** type and permission bits */
  readonly mode: number;
  readonly content: Buffer;
  readonly device: readonly [major: number, minor: number];
}

/** A record of the "newc" archive form, which the kernel unpacks. */
function cpioEntry({ name, mode, content, device }: CpioEntry): Buffer {
  const path = Buffer.from(`${name}\0`);
  const [inode, uid, gid, links, time, check] = [0, 0, 0, 1, 0, 0];
  const numbers = [inode, mode, uid, gid, links, time, content.length, 0, 0, ...device];
  const hex = [...numbers, path.length, check].map((one) => one.toString(16).padStart(8, "0"));
  return Buffer.concat([
    toMultipleOf4(Buffer.concat([Buffer.from(`070701${hex.join("")}`), path])),
    toMultipleOf4(content),
  ]);
}

function toMultipleOf4(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
