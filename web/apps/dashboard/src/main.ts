import "./styles/font.css";
import "./styles/tokens.css";
import "./styles/base.css";
import { applyTheme, theme } from "./theme.ts";
import "./shell/dashboard.ts";

applyTheme(theme());
