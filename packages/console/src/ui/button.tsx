/** Buttons. A busy one keeps its size, says so to screen readers, and cannot be pressed again. */

import { LoaderCircle, type LucideIcon } from "lucide-react";
import type { ButtonHTMLAttributes, MouseEvent, ReactNode } from "react";

import "./button.css";

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "className"> {
  /** `primary` at most once a view; `danger` for what loses something */
  readonly kind?: "primary" | "plain" | "quiet" | "danger";
  readonly icon?: LucideIcon;
  readonly busy?: boolean;
  readonly children: ReactNode;
}

export function Button({ kind = "plain", icon, busy = false, children, ...rest }: ButtonProps) {
  const Icon = busy ? LoaderCircle : icon;
  const { onClick, disabled, ...others } = rest;
  return (
    <button
      type="button"
      {...others}
      className={`button button-${kind}`}
      // A disabled one would lose the focus, and with it the place of who works by keyboard.
      aria-disabled={busy || undefined}
      disabled={disabled && !busy}
      aria-busy={busy || undefined}
      // The second click of a double one is no other order, and may come before what the first one began is known.
      onClick={(event) => (busy || event.detail > 1 ? refuse(event) : onClick?.(event))}
    >
      {Icon && <Icon size={15} aria-hidden className={busy ? "button-turning" : undefined} />}
      <span>{children}</span>
    </button>
  );
}

/** Neither does it what it does, nor sends its form. */
function refuse(event: MouseEvent): void {
  event.preventDefault();
}

export interface IconButtonProps extends Omit<
  ButtonHTMLAttributes<HTMLButtonElement>,
  "className" | "children"
> {
  readonly icon: LucideIcon;
  /** what it does: read out, and shown as a tooltip */
  readonly label: string;
  readonly kind?: "quiet" | "danger";
}

export function IconButton({ icon: Icon, label, kind = "quiet", ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={`button button-icon button-${kind}`}
      aria-label={label}
      title={label}
    >
      <Icon size={16} aria-hidden />
    </button>
  );
}
