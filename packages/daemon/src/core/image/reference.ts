/** How people name an image or kernel: by name, or by the beginning of its id. */

import { invalidRequest } from "../errors.ts";

const NAME = /^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/;
const ID = /^[0-9a-f]{64}$/;
/** fewer digits than this are too likely to be a name or a slip */
const ID_PREFIX = /^[0-9a-f]{8,64}$/;

/** @returns the name, or throws `invalid_request`; safe to use as a file name */
export function parseImageName(text: string): string {
  if (NAME.test(text) && !ID_PREFIX.test(text)) return text;
  throw invalidRequest(
    "name",
    "An image name is 1 to 64 lower-case letters, digits, dots, dashes or underscores, and must not look like an id",
  );
}

export type ImageReference =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "id"; readonly prefix: string };

/** Throws `invalid_request` when it can be neither. */
export function parseImageReference(text: string): ImageReference {
  if (ID_PREFIX.test(text)) return { kind: "id", prefix: text };
  return { kind: "name", name: parseImageName(text) };
}

/** Whether it can be a name or the beginning of an id; nothing is looked up. */
export function isImageReference(text: string): boolean {
  return NAME.test(text) || ID_PREFIX.test(text);
}

export function isImageId(text: string): boolean {
  return ID.test(text);
}
