/** System, light, dark: one button that goes round. */

import { useState } from "react";
import { Monitor, Moon, Sun } from "lucide-react";

import { IconButton } from "../ui/button.tsx";
import { storedTheme, storeTheme, type Theme } from "./theme.ts";

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const LABEL: Record<Theme, string> = {
  system: "Theme: as the system",
  light: "Theme: light",
  dark: "Theme: dark",
};
const ICON = { system: Monitor, light: Sun, dark: Moon } as const;

export function ThemeSwitch() {
  const [theme, setTheme] = useState(storedTheme);
  const change = (): void => {
    const next = NEXT[theme];
    storeTheme(next);
    setTheme(next);
  };
  return <IconButton icon={ICON[theme]} label={LABEL[theme]} onClick={change} />;
}
