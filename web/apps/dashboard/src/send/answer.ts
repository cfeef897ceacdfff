import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Answer } from "../data/types.ts";
import { base, card } from "../styles/shared.ts";

const words: Record<Answer["status"], string> = {
  applied: "Applied",
  held: "Held for review",
  duplicate: "Already known",
  rejected: "Not accepted",
};

/** What the server answered, newest first. */
@customElement("rn-answers")
export class Answers extends LitElement {
  @property({ attribute: false }) answers: readonly Answer[] = [];

  protected override render(): TemplateResult {
    return html`<div role="status">
      ${this.answers.map((answer, index) => (index === 0 ? this.newest(answer) : this.older(answer)))}
    </div>`;
  }

  private newest(answer: Answer): TemplateResult {
    return html`<section class="card ${answer.status}" data-status=${answer.status}>
      <h2>${mark(answer)} ${words[answer.status]}</h2>
      ${answer.problem ? this.problem(answer.problem) : this.success(answer)}
    </section>`;
  }

  private success(answer: Answer): TemplateResult {
    return html`<p class="num">
        ${answer.subject} is now at version <strong>${answer.version}</strong>.
      </p>
      <p class="faint">Event <code>${answer.id}</code></p>`;
  }

  private problem({ code, detail, field, expected }: NonNullable<Answer["problem"]>): TemplateResult {
    return html`<p>${coded(detail)}</p>
      <dl>
        ${field ? html`<div><dt>Field</dt><dd><code>${field}</code></dd></div>` : nothing}
        ${expected ? html`<div><dt>Expected</dt><dd>${expected}</dd></div>` : nothing}
        <div><dt>Code</dt><dd><code>${code}</code></dd></div>
      </dl>`;
  }

  private older(answer: Answer): TemplateResult {
    const what = answer.problem?.code ?? `${answer.subject} v${answer.version}`;
    return html`<p class="older num faint">${mark(answer)} ${words[answer.status]} · ${what}</p>`;
  }

  static override styles = [
    base,
    card,
    css`
      div[role="status"] {
        display: grid;
        gap: var(--space-2);
      }

      section {
        display: grid;
        gap: var(--space-2);
        padding: var(--space-4) var(--space-5);
        font-size: var(--text-sm);
      }

      h2 {
        font-size: var(--text-md);
        font-weight: 650;
      }

      .applied {
        border-color: color-mix(in oklab, var(--up) 45%, var(--line));
        background: var(--up-wash);
      }

      .rejected {
        border-color: color-mix(in oklab, var(--down) 45%, var(--line));
        background: var(--down-wash);
      }

      .applied h2 {
        color: var(--up);
      }

      .rejected h2 {
        color: var(--down);
      }

      .card .faint {
        color: var(--ink-soft);
      }

      dl {
        display: grid;
        gap: var(--space-1);
      }

      dl div {
        display: grid;
        grid-template-columns: 5rem minmax(0, 1fr);
      }

      dt {
        color: var(--ink-soft);
      }

      code {
        font-family: var(--mono);
        font-size: 0.95em;
        overflow-wrap: anywhere;
      }

      .older {
        padding-inline: var(--space-2);
        font-size: var(--text-sm);
      }
    `,
  ];
}

/** Names between backticks as code. */
const coded = (text: string): unknown[] =>
  text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));

const mark = ({ status }: Answer): TemplateResult =>
  html`<span aria-hidden="true">${status === "rejected" ? "\u2715" : status === "held" ? "\u2026" : "\u2713"}</span>`;
