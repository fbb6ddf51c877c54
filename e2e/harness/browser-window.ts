/** How large the windows are in which the console is looked at. */

const SIZES = {
  360: { width: 360, height: 740 },
  1440: { width: 1440, height: 900 },
  2560: { width: 2560, height: 1440 },
} as const;

export type Width = keyof typeof SIZES;

/** of the window's inside, in CSS pixels */
export function sizeOf(width: Width): { readonly width: number; readonly height: number } {
  return SIZES[width];
}
