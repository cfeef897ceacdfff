import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import * as api from "../data/api.ts";
import { decimalsOf, fixed } from "../data/format.ts";
import { Problem } from "../data/http.ts";
import type { Info, Standing } from "../data/types.ts";
import { name, tier, wordStyles } from "../parts/words.ts";
import { toSubject } from "../router.ts";
import { base, controls, fields } from "../styles/shared.ts";
import { searchStyles } from "./search.styles.ts";

const pause = 120;

/** Finds subjects while you type. `/` focuses it, arrows choose, Enter opens, Escape closes. */
@customElement("rn-search")
export class Search extends LitElement {
  @property({ attribute: false }) info: Info | null = null;
  @state() private text = "";
  @state() private found: readonly Standing[] | null = null;
  @state() private problem = "";
  @state() private active = 0;
  @state() private open = false;

  private abort: AbortController | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("keydown", this.shortcut);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("keydown", this.shortcut);
  }

  protected override render(): TemplateResult {
    const shows = this.open && this.text.trim() !== "";
    return html`<div class="box" role="search" @focusout=${this.left}>
      <svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true">
        <circle cx="7" cy="7" r="4.6" /><path d="m10.5 10.5 3.6 3.6" />
      </svg>
      <input
        type="search"
        role="combobox"
        placeholder="Find a subject"
        aria-label="Find a subject"
        aria-autocomplete="list"
        aria-controls="results"
        aria-expanded=${shows}
        aria-activedescendant=${shows && this.found?.length ? `result-${this.active}` : nothing}
        autocomplete="off"
        spellcheck="false"
        .value=${this.text}
        @input=${this.typed}
        @focus=${() => (this.open = true)}
        @keydown=${this.key}
      />
      <kbd aria-hidden="true">/</kbd>
      <div class="results" id="results" role="listbox" aria-label="Subjects" ?hidden=${!shows}>${this.results()}</div>
    </div>`;
  }

  private results(): TemplateResult | TemplateResult[] {
    if (this.problem) return html`<p class="none">${this.problem}</p>`;
    if (this.found === null) return html`<p class="none">Searching …</p>`;
    if (this.found.length === 0) return html`<p class="none">No subject begins with or contains “${this.text.trim()}”.</p>`;
    return this.found.map((standing, index) => this.result(standing, index));
  }

  private result(standing: Standing, index: number): TemplateResult {
    return html`<a
      id="result-${index}"
      role="option"
      tabindex="-1"
      href=${toSubject(standing.subject)}
      aria-selected=${index === this.active}
      @pointermove=${() => (this.active = index)}
      @click=${this.close}
    >
      ${name(standing.subject)} ${standing.tier ? tier(standing.tier) : nothing}
      <span class="score num">${fixed(standing.score, decimalsOf(this.info, standing.subject))}</span>
    </a>`;
  }

  private typed(event: InputEvent): void {
    this.text = (event.target as HTMLInputElement).value;
    this.open = true;
    clearTimeout(this.timer);
    this.abort?.abort();
    this.found = null;
    if (this.text.trim()) this.timer = setTimeout(() => void this.search(this.text.trim()), pause);
  }

  private async search(text: string): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    try {
      const { standings } = await api.search(text, abort.signal);
      this.found = standings;
      this.problem = "";
      this.active = 0;
    } catch (error) {
      if (abort.signal.aborted) return;
      this.problem = error instanceof Problem ? error.message : "The search did not work.";
    }
  }

  private key(event: KeyboardEvent): void {
    const most = this.found?.length ?? 0;
    if (event.key === "ArrowDown" && most) this.active = (this.active + 1) % most;
    else if (event.key === "ArrowUp" && most) this.active = (this.active + most - 1) % most;
    else if (event.key === "Enter") this.enter();
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
  }

  private enter(): void {
    const standing = this.found?.[this.active];
    const exact = this.text.trim();
    if (standing) location.hash = toSubject(standing.subject);
    else if (/^[a-z][a-z0-9_-]*:\S+$/.test(exact)) location.hash = toSubject(exact);
    else return;
    this.close();
  }

  private close(): void {
    this.open = false;
    this.text = "";
    this.found = null;
    this.renderRoot.querySelector("input")?.blur();
  }

  private left(event: FocusEvent): void {
    const next = event.relatedTarget;
    if (!(next instanceof Node) || !this.renderRoot.contains(next)) this.open = false;
  }

  private readonly shortcut = (event: KeyboardEvent): void => {
    const typing = event.composedPath().some((node) => node instanceof HTMLElement && node.matches("input, select, textarea"));
    if (event.key !== "/" || typing || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    this.renderRoot.querySelector("input")?.focus();
  };

  static override styles = [base, controls, fields, wordStyles, searchStyles];
}
