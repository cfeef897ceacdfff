import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live as set } from "lit/directives/live.js";
import { count, plural } from "../data/format.ts";
import { Problem } from "../data/http.ts";
import { check, type Checked, type Going, type PolicyState, put, type Trial, tryOut } from "../data/policies.ts";
import { base, card, controls } from "../styles/shared.ts";
import { editorStyles } from "./editor.styles.ts";
import { lineOf, withVersion } from "./place.ts";
import "./trial.ts";

const pause = 600;

type Doing = "" | "checking" | "trying" | "switching";

/** The rules as text: checked while they are written, tried on the whole ledger, put in force. */
@customElement("rn-policy-editor")
export class PolicyEditor extends LitElement {
  @property({ attribute: false }) state: PolicyState | null = null;
  @property({ type: Boolean }) may = false;
  @property({ type: Number }) decimals = 2;
  @state() private text = "";
  @state() private doing: Doing = "";
  @state() private checked: Checked | null = null;
  @state() private problem: Problem | null = null;
  @state() private going: Going | null = null;
  @state() private trial: { text: string; outcome: Trial } | null = null;
  @state() private told = "";
  private abort: AbortController | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
    this.abort?.abort();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("state") || !this.state) return;
    const before = changed.get("state");
    if (before?.kind === this.state.kind && this.text !== before.text) return;
    if (before?.kind === this.state.kind && this.state.text === before.text) return;
    this.text = this.state.text;
    this.checked = this.problem = null;
    if (before?.kind === this.state.kind) return;
    this.abort?.abort();
    this.trial = null;
    this.told = "";
  }

  protected override render(): TemplateResult {
    const line = this.line();
    return html`<section class="card" aria-labelledby="rules-title">
        <header>
          <h2 id="rules-title"><label for="text">Rules</label></h2>
          ${this.may ? html`<span class="soft said ${this.problem ? "down" : ""}" role="status" id="said">${this.said()}</span>` : html`<span class="faint said">To change them takes an API key with the scope policies.</span>`}
        </header>
        <div class="paper">
          <pre class="gutter num" aria-hidden="true">${this.numbers(line)}</pre>
          <textarea
            id="text"
            spellcheck="false"
            autocapitalize="off"
            wrap="off"
            rows=${Math.min(26, Math.max(10, this.text.split("\n").length + 1))}
            ?readonly=${!this.may || this.doing === "switching"}
            aria-invalid=${this.problem?.status === 400 ? "true" : nothing}
            aria-describedby="problem"
            .value=${set(this.text)}
            @input=${this.typed}
            @scroll=${this.follow}
          ></textarea>
        </div>
        <div id="problem" role="alert">${this.problem ? this.wrong(this.problem, line) : nothing}</div>
        ${this.may ? this.buttons() : nothing}
      </section>
      ${this.checked && !this.checked.same ? this.differences(this.checked) : nothing}
      <rn-trial .trial=${this.trial?.outcome ?? null} .decimals=${this.decimals}></rn-trial>
      ${this.dialog()}`;
  }

  private buttons(): TemplateResult {
    const busy = this.doing === "trying" || this.doing === "switching";
    const taken = this.checked && !this.checked.same && this.checked.version < this.checked.at_least;
    return html`<footer>
      <button class="button" type="button" ?disabled=${busy} @click=${() => void this.check()}>Check</button>
      ${this.doing === "trying"
        ? html`<button class="button" type="button" @click=${() => this.abort?.abort()}>Stop</button>
            <label class="going num">${this.far()}<progress max=${this.going?.total || 1} value=${this.going?.done ?? 0}></progress></label>`
        : html`<button class="button primary" type="button" ?disabled=${busy || this.problem?.status === 400} @click=${() => void this.tryIt()}>Try on the ledger</button>`}
      ${taken
        ? html`<button class="button" type="button" ?disabled=${busy} @click=${this.raise}>Make it version ${this.checked?.at_least}</button>`
        : html`<button class="button" type="button" ?disabled=${busy || !this.mayPut} @click=${this.ask}>Put in force …</button>`}
      ${this.text === this.state?.text ? nothing : html`<button class="button quiet" type="button" ?disabled=${busy} @click=${this.reset}>Discard changes</button>`}
    </footer>`;
  }

  private get mayPut(): boolean {
    return this.checked !== null && !this.checked.same && this.checked.version >= this.checked.at_least && !this.problem;
  }

  private said(): string {
    if (this.doing === "switching") return "Putting them in force …";
    if (this.doing === "checking") return "Checking …";
    if (this.problem) return this.problem.status === 400 ? "There is a mistake" : "That did not work";
    if (this.told) return this.told;
    if (!this.checked) return this.text === this.state?.text ? "The rules in force" : "";
    const { same, differences, version, at_least: least } = this.checked;
    if (same) return "No mistakes; these are the rules in force";
    if (version < least) return `No mistakes; version ${version} is taken, other rules need ${least} or more`;
    return `No mistakes; ${plural(differences.length, "difference")} from the rules in force`;
  }

  private far(): string {
    const { going } = this;
    return going ? `${count(going.done)} of ${plural(going.total, "event")}` : "Beginning …";
  }

  private wrong({ message, field, expected }: Problem, line: number | null): TemplateResult {
    // The server says it all in one line; the place is told beside it here.
    const text = message.replace(/^policy: /, "").replace(field ? `${field}: ` : "", "").replace(/ \(at line .*\)$/, "").replace(expected ? `; expected ${expected}` : "", "");
    return html`<p class="wrong">
      ${line === null ? nothing : html`<button class="button at num" type="button" @click=${() => this.goTo(line)}>Line ${line}</button>`}
      <span>${field ? html`<code>${field}</code> ` : nothing}${plain(text)}${expected ? html` <span class="soft">Expected: ${expected}</span>` : nothing}</span>
    </p>`;
  }

  private differences({ differences }: Checked): TemplateResult | typeof nothing {
    return html`<details class="card differences">
      <summary>${plural(differences.length, "difference")} from the rules in force</summary>
      <ul>${differences.map((each) => html`<li><code>${each}</code></li>`)}</ul>
    </details>`;
  }

  private numbers(line: number | null): TemplateResult[] {
    return this.text.split("\n").map((_, index) => html`<span class=${index + 1 === line ? "bad" : ""}>${index + 1}\n</span>`);
  }

  private dialog(): TemplateResult {
    const { state, checked, trial } = this;
    const tried = trial?.text === this.text ? trial.outcome : null;
    return html`<dialog aria-labelledby="ask-title" @click=${this.aside}>
      <form method="dialog" @submit=${this.answer}>
        <h2 id="ask-title">Put version ${checked?.version} of ${state?.kind} in force?</h2>
        <p>
          ${tried
            ? html`Of ${plural(tried.subjects, "subject")}, ${count(tried.changed)} will show something else: ${count(tried.tiers)} another tier, ${count(tried.badges)} other badges.`
            : html`<strong class="down">It has not been tried.</strong> What it changes is not known.`}
          From then on nothing is scored by version ${state?.version}; subjects are brought under the new rules one by one, and whoever watches them sees it.
        </p>
        <p class="choices">
          <button class="button" value="no" autofocus>Cancel</button>
          <button class="button primary" value="yes">Put in force</button>
        </p>
      </form>
    </dialog>`;
  }

  private line(): number | null {
    return this.problem?.status === 400 ? lineOf(this.text, this.problem.field, this.problem.message) : null;
  }

  private typed(event: Event): void {
    this.text = (event.target as HTMLTextAreaElement).value;
    this.told = "";
    this.later();
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.check(), pause);
  }

  private readonly follow = (event: Event): void => {
    const gutter = this.renderRoot.querySelector(".gutter");
    if (gutter) gutter.scrollTop = (event.target as HTMLElement).scrollTop;
  };

  private goTo(line: number): void {
    const area = this.renderRoot.querySelector("textarea");
    if (!area) return;
    const rows = this.text.split("\n");
    const start = rows.slice(0, line - 1).reduce((sum, row) => sum + row.length + 1, 0);
    area.focus();
    area.setSelectionRange(start, start + (rows[line - 1]?.length ?? 0));
    area.scrollTop = (area.scrollHeight / rows.length) * Math.max(0, line - 6);
  }

  private readonly reset = (): void => {
    this.text = this.state?.text ?? "";
    this.checked = this.problem = null;
    this.told = "";
  };

  private readonly raise = (): void => {
    this.text = withVersion(this.text, this.checked?.at_least ?? 1);
    void this.check();
  };

  private async check(): Promise<boolean> {
    const { text, state } = this;
    clearTimeout(this.timer);
    if (!state || this.doing === "trying" || this.doing === "switching") return false;
    this.doing = "checking";
    const found = await this.during(check(state.kind, text));
    // Somebody went on writing meanwhile; that is checked by and by.
    if (text !== this.text || state.kind !== this.state?.kind) return false;
    this.checked = found;
    return found !== null;
  }

  private async tryIt(): Promise<void> {
    const { text, state } = this;
    if (!state || !(await this.check())) return;
    const abort = new AbortController();
    this.abort = abort;
    this.doing = "trying";
    this.going = null;
    this.told = "";
    const outcome = await this.during(
      tryOut(state.kind, text, abort.signal, (far) => (this.going = far)),
      abort.signal,
    );
    if (!outcome) return;
    this.trial = { text, outcome };
    this.told = `Tried: ${plural(outcome.changed, "standing")} would change`;
    await this.updateComplete;
    this.renderRoot.querySelector("rn-trial")?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  private readonly ask = (): void => this.renderRoot.querySelector("dialog")?.showModal();

  private readonly aside = (event: Event): void => {
    if (event.target instanceof HTMLDialogElement) event.target.close();
  };

  private readonly answer = (event: SubmitEvent): void => {
    if ((event.submitter as HTMLButtonElement | null)?.value === "yes") void this.switchTo();
  };

  private async switchTo(): Promise<void> {
    const { text, state } = this;
    if (!state) return;
    this.doing = "switching";
    const done = await this.during(put(state.kind, text));
    if (!done) return;
    this.checked = null;
    this.told = `Version ${done.version} is in force`;
    this.dispatchEvent(new CustomEvent("switched"));
  }

  /** Wait for what the server does; what goes wrong is shown, and then there is nothing. */
  private async during<T>(work: Promise<T>, stopped?: AbortSignal): Promise<T | null> {
    const mine = this.doing;
    try {
      const found = await work;
      this.problem = null;
      return found;
    } catch (error) {
      if (stopped?.aborted) this.told = "Stopped";
      else if (error instanceof Problem) this.problem = error;
      else throw error;
      return null;
    } finally {
      if (this.doing === mine) this.doing = "";
    }
  }

  static override styles = [base, card, controls, editorStyles];
}

/** Text with `code` in it. */
const plain = (text: string): (TemplateResult | string)[] =>
  text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
