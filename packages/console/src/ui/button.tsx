/** Buttons. A busy one keeps its size, says so to screen readers, and cannot be pressed again. */

import { LoaderCircle, type LucideIcon } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode } from "react";

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
  const { disabled = false, ...others } = rest;
  return (
    <button
      type="button"
      {...others}
      className={`button button-${kind}`}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
    >
      {Icon && <Icon size={15} aria-hidden className={busy ? "button-turning" : undefined} />}
      <span>{children}</span>
    </button>
  );
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
