/** Where the console begins. */

import { createRoot } from "react-dom/client";

import { App } from "./app/app.tsx";
import { applyTheme, storedTheme } from "./app/theme.ts";
import { keepFocus } from "./ui/keep-focus.ts";
import "./ui/tokens.css";
import "./ui/base.css";

applyTheme(storedTheme());
keepFocus(document);
const root = document.querySelector("#root");
if (!root) throw new Error("invariant: the document has no place for the console");
createRoot(root).render(<App />);
