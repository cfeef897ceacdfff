export type Theme = "auto" | "light" | "dark";

const slot = "renown.theme";
const order: readonly Theme[] = ["auto", "light", "dark"];

export function theme(): Theme {
  return order.find((each) => each === localStorage.getItem(slot)) ?? "auto";
}

export function applyTheme(chosen: Theme): void {
  if (chosen === "auto") {
    localStorage.removeItem(slot);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(slot, chosen);
    document.documentElement.dataset.theme = chosen;
  }
  dispatchEvent(new Event("renown-theme"));
}

export const nextTheme = (chosen: Theme): Theme => order[(order.indexOf(chosen) + 1) % order.length] ?? "auto";
