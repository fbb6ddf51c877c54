/** Whether a message that anybody may have sent proves itself: its hash, its content and its sender's signature. */

import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";

import { isSameAddress } from "../caller.ts";
import type { WalletSignatures } from "../ports/wallet-signatures.ts";
import { bytesOfBase58 } from "./base58.ts";
import type { StoredMessage } from "./content.ts";
import { isObject } from "./lax-values.ts";

const SIGNATURE_BYTES = 65;

/** chains whose accounts are Ethereum's and sign as those do */
const LIKE_ETHEREUM: ReadonlySet<string> = new Set(
  "ARB AURORA AVAX BASE BLAST BOB BSC CYBER ETH ETHERLINK FRAX HYPE INK LENS LINEA LISK METIS MODE NEO OP POL SOMNIA SONIC UNICHAIN WLD ZORA".split(
    " ",
  ),
);

/** @returns what is wrong with it, in a sentence; `undefined` when it proves itself */
export function flawOf(message: StoredMessage, signatures: WalletSignatures): string | undefined {
  return flawOfContent(message) ?? flawOfSignature(message, signatures);
}

function flawOfContent({ raw, itemHash, content }: StoredMessage): string | undefined {
  const text = raw["item_content"];
  if (raw["item_type"] !== "inline" || typeof text !== "string") {
    return "Only messages with their content inline can be verified here; have the administrator import this one";
  }
  if (createHash("sha256").update(text).digest("hex") !== itemHash) {
    return "The item_hash is not the SHA-256 of the item_content";
  }
  return isDeepStrictEqual(parsed(text), content)
    ? undefined
    : "The content is not what the item_content says";
}

function flawOfSignature(message: StoredMessage, signatures: WalletSignatures): string | undefined {
  const { chain, sender, type, itemHash, raw } = message;
  const signed = Buffer.from(`${chain}\n${sender}\n${type}\n${itemHash}`);
  const text = raw["signature"];
  if (typeof text !== "string") return "The message has no signature";
  if (chain === "SOL") {
    return isSolanaSigned(signed, { sender, text }, signatures) ? undefined : NOT_SIGNED;
  }
  if (!LIKE_ETHEREUM.has(chain)) return `Signatures of the chain ${chain} cannot be verified here`;
  const signature = Buffer.from(text.replace(/^0x/, ""), "hex");
  if (signature.length !== SIGNATURE_BYTES) return NOT_SIGNED;
  const signer = signatures.ethereumSigner(signed, signature);
  return signer !== undefined && isSameAddress(signer, sender) ? undefined : NOT_SIGNED;
}

const NOT_SIGNED = "The signature is not one of the message's sender";

interface SolanaClaim {
  readonly sender: string;
  /** JSON with `signature` and `publicKey`, both base58 */
  readonly text: string;
}

function isSolanaSigned(
  signed: Uint8Array,
  { sender, text }: SolanaClaim,
  signatures: WalletSignatures,
): boolean {
  const claim = parsed(text);
  if (!isObject(claim) || typeof claim["signature"] !== "string") return false;
  if (claim["publicKey"] !== sender) return false;
  const signature = bytesOfBase58(claim["signature"]);
  return signature !== undefined && signatures.solanaVerifies(signed, signature, sender) === "yes";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is not equal to any content, and no claim.
    return undefined;
  }
}
