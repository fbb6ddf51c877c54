/** Copies a text, and says that it did. */

import { Check, Copy } from "lucide-react";
import { useState } from "react";

import { IconButton } from "./button.tsx";
import { copyText } from "./clipboard.ts";

const SAID_MS = 1_500;

export function CopyButton({
  text,
  label = "Copy",
}: {
  readonly text: string;
  readonly label?: string;
}) {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    if (!(await copyText(text))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), SAID_MS);
  };
  return (
    <IconButton
      icon={isCopied ? Check : Copy}
      label={isCopied ? "Copied" : label}
      onClick={() => void copy()}
    />
  );
}
