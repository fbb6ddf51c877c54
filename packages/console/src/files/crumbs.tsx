/** Where one is, as links up to the root. */

import { Link } from "wouter";

import { vmAddress } from "../app/vm-address.ts";
import { visible } from "../ui/visible.ts";
import { crumbsOf } from "./guest-path.ts";

export interface CrumbsProps {
  readonly hostname: string;
  readonly path: string;
}

export function Crumbs({ hostname, path }: CrumbsProps) {
  return (
    <nav aria-label="Path">
      <ol className="files-crumbs">
        {crumbsOf(path).map(({ label, path: to }, index) => (
          <li key={to}>
            {index > 1 && (
              <span className="muted" aria-hidden>
                /
              </span>
            )}
            <Link
              href={addressOf(hostname, to)}
              aria-current={to === path ? "location" : undefined}
            >
              {visible(label)}
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** The page that shows a directory. */
export function addressOf(hostname: string, path: string): string {
  return `${vmAddress(hostname, "files")}?path=${encodeURIComponent(path)}`;
}
