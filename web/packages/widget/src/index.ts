import { RenownScore } from "./element.ts";

const NAME = "renown-score";

// Two copies of the script on one page are an accident that must not break either.
if (!customElements.get(NAME)) customElements.define(NAME, RenownScore);
