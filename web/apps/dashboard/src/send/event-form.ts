import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { kindOf } from "../data/format.ts";
import type { Answer, EventBody, Info, KindInfo, TypeInfo } from "../data/types.ts";
import "../parts/choices.ts";
import "../parts/copy.ts";
import { base, card, controls, fields } from "../styles/shared.ts";
import { formStyles } from "./event-form.styles.ts";
import "./slider.ts";

/** What to send. Fires `target` when the subject changes and `send` with the event. */
@customElement("rn-event-form")
export class EventForm extends LitElement {
  @property({ attribute: false }) info: Info | null = null;
  @property() target = "";
  @property({ attribute: false }) problem: Answer["problem"];
  @property({ type: Boolean }) sending = false;
  @state() private type = "";
  @state() private value: number | null = null;
  @state() private ratings: Record<string, number> = {};
  @state() private actor = "buyer:7";
  @state() private verified = false;

  private get kind(): KindInfo | undefined {
    return kindOf(this.info, this.target);
  }

  private get rule(): TypeInfo | undefined {
    return this.kind?.types.find(({ type }) => type === this.type);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!(changed.has("info") || changed.has("target")) || this.rule) return;
    this.choose(this.kind?.types[0]?.type ?? "");
  }

  protected override render(): TemplateResult {
    return html`<form class="card" @submit=${this.submit}>
      ${this.text("subject", "Subject", this.target, "kind:id", (text) => this.aim(text))}
      ${this.kind ? this.details(this.kind) : this.unknownKind()}
      <button class="button primary" type="submit" ?disabled=${this.sending || !this.type}>Send event</button>
      <details>
        <summary>The same from a terminal</summary>
        <rn-copy label="Command that sends this event" .text=${this.command()}></rn-copy>
      </details>
    </form>`;
  }

  private details(kind: KindInfo): TemplateResult {
    return html`<div class="field">
        <span class="label" aria-hidden="true">What happened</span>
        <rn-choices
          wrap
          label="What happened"
          .choices=${kind.types.map(({ type, title }) => ({ value: type, label: title }))}
          .value=${this.type}
          @choose=${(event: CustomEvent<string>) => this.choose(event.detail)}
        ></rn-choices>
      </div>
      ${this.valueField()} ${this.categoryFields(kind)}
      ${this.text("actor", "By whom", this.actor, "kind:id, may be empty", (text) => (this.actor = text))}
      <label class="check">
        <input type="checkbox" .checked=${this.verified} @change=${() => (this.verified = !this.verified)} />
        Verified <span class="faint">data.verified = true</span>
      </label>`;
  }

  private unknownKind(): TemplateResult {
    const kinds = this.info?.kinds.map(({ kind }) => kind).join(", ") ?? "";
    return html`<p class="soft">A subject begins with one of these kinds: ${kinds}.</p>`;
  }

  private valueField(): TemplateResult | typeof nothing {
    const { rule } = this;
    if (!rule || rule.value === "none") return nothing;
    return html`<rn-slider
      label=${rule.categories === "none" ? "Value" : "Overall"}
      .min=${rule.min ?? 0}
      .max=${rule.max ?? 100}
      .value=${this.value}
      ?optional=${rule.value === "optional"}
      ?invalid=${this.problem?.field === "value"}
      @slide=${(event: CustomEvent<number | null>) => (this.value = event.detail)}
    ></rn-slider>`;
  }

  private categoryFields(kind: KindInfo): TemplateResult | typeof nothing {
    const { rule } = this;
    if (!rule || rule.categories === "none" || kind.categories.length === 0) return nothing;
    return html`<fieldset>
      <legend>Categories ${rule.categories === "optional" ? html`<span class="faint">as many as you like</span>` : nothing}</legend>
      ${kind.categories.map(
        ({ name, title }) =>
          html`<rn-slider
            label=${title}
            .min=${rule.min ?? kind.scale.min}
            .max=${rule.max ?? kind.scale.max}
            .value=${this.ratings[name] ?? null}
            ?optional=${rule.categories === "optional"}
            ?invalid=${this.problem?.field === `categories.${name}`}
            @slide=${(event: CustomEvent<number | null>) => this.rate(name, event.detail)}
          ></rn-slider>`,
      )}
    </fieldset>`;
  }

  private text(id: string, label: string, value: string, hint: string, take: (text: string) => void): TemplateResult {
    return html`<div class="field">
      <label for=${id}>${label}</label>
      <input
        id=${id}
        type="text"
        spellcheck="false"
        autocomplete="off"
        placeholder=${hint}
        aria-invalid=${this.problem?.field === id ? "true" : nothing}
        .value=${value}
        @input=${(event: InputEvent) => take((event.target as HTMLInputElement).value.trim())}
      />
    </div>`;
  }

  private aim(subject: string): void {
    this.dispatchEvent(new CustomEvent("target", { detail: subject }));
  }

  private choose(type: string): void {
    this.type = type;
    this.ratings = {};
    const { rule } = this;
    this.value = rule?.value === "none" ? null : middle(rule);
  }

  private rate(name: string, value: number | null): void {
    const { [name]: _, ...others } = this.ratings;
    this.ratings = value === null ? others : { ...others, [name]: value };
  }

  private submit(event: SubmitEvent): void {
    event.preventDefault();
    this.dispatchEvent(new CustomEvent("send", { detail: this.event() }));
  }

  private command(): string {
    const body = JSON.stringify(this.event()).replaceAll("'", "\\u0027");
    return `curl ${location.origin}/v1/events -H 'Content-Type: application/json' -d '${body}'`;
  }

  private event(): EventBody {
    const body: EventBody = { type: this.type, subject: this.target };
    if (this.actor) body.actor = this.actor;
    if (this.value !== null) body.value = this.value;
    if (Object.keys(this.ratings).length > 0) body.categories = this.ratings;
    if (this.verified) body.data = { verified: true };
    return body;
  }

  static override styles = [base, card, controls, fields, formStyles];
}

/** A friendly first value: four fifths up the range, on its grid. */
function middle(rule: TypeInfo | undefined): number | null {
  if (rule?.min == null || rule.max == null) return null;
  return Math.round(rule.min + (rule.max - rule.min) * 0.8);
}
