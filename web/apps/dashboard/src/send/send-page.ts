import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import * as api from "../data/api.ts";
import { kindOf } from "../data/format.ts";
import { Problem } from "../data/http.ts";
import type { Answer, EventBody, Info, Standing } from "../data/types.ts";
import { Watch } from "../data/watch.ts";
import "../subject/hero.ts";
import { base, card } from "../styles/shared.ts";
import "./answer.ts";
import "./event-form.ts";

/** Send an event and watch what it does. */
@customElement("rn-send")
export class SendPage extends LitElement {
  @property({ attribute: false }) info: Info | null = null;
  @property() subject = "";
  @state() private target = "";
  @state() private answers: readonly Answer[] = [];
  @state() private sending = false;
  @state() private standing: Standing | null = null;

  constructor() {
    super();
    new Watch<Standing>(this, () => (this.known ? `standing:${this.target}` : null), {
      data: (standing) => (this.standing = standing),
    });
  }

  private get known(): boolean {
    return kindOf(this.info, this.target) !== undefined && !this.target.endsWith(":");
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("subject")) this.aim(this.subject);
    if (!this.target && this.info) this.aim(`${this.info.kinds[0]?.kind ?? "seller"}:42`);
  }

  protected override render(): TemplateResult {
    if (this.info && !this.info.dev) {
      return html`<p class="card empty">Events can be sent from here only while the server runs in development mode.</p>`;
    }
    return html`<h1>Send an event</h1>
      <div class="columns">
        <rn-event-form
          .info=${this.info}
          .target=${this.target}
          .problem=${this.answers[0]?.problem}
          .sending=${this.sending}
          @target=${(event: CustomEvent<string>) => this.aim(event.detail)}
          @send=${(event: CustomEvent<EventBody>) => this.send(event.detail)}
        ></rn-event-form>
        <div class="outcome">
          ${this.live()}
          <rn-answers .answers=${this.answers}></rn-answers>
        </div>
      </div>`;
  }

  private live(): TemplateResult {
    const { standing } = this;
    if (standing?.subject !== this.target) {
      return html`<p class="card empty"><strong>${this.target || "No subject"}</strong> Nothing has happened here yet. The first event makes the standing.</p>`;
    }
    return html`<rn-hero .standing=${standing} .kind=${kindOf(this.info, this.target)}></rn-hero>`;
  }

  private aim(subject: string): void {
    if (subject === this.target) return;
    this.target = subject;
    this.standing = null;
  }

  private async send(event: EventBody): Promise<void> {
    this.sending = true;
    let answer: Answer;
    try {
      answer = await api.send(event);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      answer = rejected(error);
    }
    this.sending = false;
    this.answers = [answer, ...this.answers].slice(0, 6);
  }

  static override styles = [
    base,
    card,
    css`
      h1 {
        margin-bottom: var(--space-4);
        font-size: var(--text-xl);
        letter-spacing: -0.02em;
      }

      .columns {
        display: grid;
        grid-template-columns: minmax(0, 6fr) minmax(0, 5fr);
        align-items: start;
        gap: var(--space-5);
      }

      .outcome {
        position: sticky;
        top: 5.25rem;
        display: grid;
        gap: var(--space-4);
      }

      .card.empty {
        margin: 0;
        padding: var(--space-6);
      }

      @media (max-width: 860px) {
        .columns {
          grid-template-columns: minmax(0, 1fr);
          gap: var(--space-4);
        }

        .outcome {
          position: static;
        }
      }
    `,
  ];
}

function rejected({ code, message, field, expected }: Problem): Answer {
  const problem = { code, detail: message, ...(field ? { field } : {}), ...(expected ? { expected } : {}) };
  return { status: "rejected", problem };
}
