/** What a browser may do with a page of the console: what the page needs, and nothing else. */

/**
 * Scripts, styles, pictures and connections of our own origin alone; 'self' of `connect-src` takes in the
 * WebSockets of the same origin. Nobody frames it, it posts no form, and it has no base to be moved to. No
 * text becomes markup or a script, whatever a guest has written: nothing in the page has a way to say so.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const DENIED = [
  "accelerometer",
  "autoplay",
  "camera",
  "display-capture",
  "encrypted-media",
  "fullscreen",
  "geolocation",
  "gyroscope",
  "hid",
  "idle-detection",
  "magnetometer",
  "microphone",
  "midi",
  "payment",
  "picture-in-picture",
  "publickey-credentials-get",
  "screen-wake-lock",
  "serial",
  "usb",
  "xr-spatial-tracking",
];

/** The terminal copies and pastes. */
const PERMISSIONS_POLICY = [
  ...DENIED.map((feature) => `${feature}=()`),
  "clipboard-read=(self)",
  "clipboard-write=(self)",
].join(", ");

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": PERMISSIONS_POLICY,
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};
