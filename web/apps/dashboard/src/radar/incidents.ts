import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { ago, brief, count, fixed, inTime, millis, moment, plural } from "../data/format.ts";
import type { Incident } from "../data/review.ts";
import { Ticker } from "../data/ticker.ts";
import { name, wordStyles } from "../parts/words.ts";
import { toSubject } from "../router.ts";
import { base, controls } from "../styles/shared.ts";
import "./incident-chart.ts";

const does: Record<Incident["action"], string> = {
  count: "Only flags them",
  weigh: "Weighs them less",
  hold: "Holds them for review",
  reject: "Refuses them",
};

/** Guards in alarm, and those that were lately. Fires `pick` with an incident whose events are wanted. */
@customElement("rn-incidents")
export class IncidentList extends LitElement {
  @property({ attribute: false }) incidents: readonly Incident[] = [];
  /** Leave out whom it is about, where that is plain. */
  @property({ type: Boolean }) bare = false;
  /** Whether held events can be picked here. */
  @property({ type: Boolean }) picks = false;
  private readonly ticker = new Ticker(this, 10_000);

  protected override render(): TemplateResult {
    return html`<ul>
      ${repeat(
        this.incidents,
        ({ subject, guard }) => `${subject} ${guard}`,
        (incident) => this.row(incident),
      )}
    </ul>`;
  }

  private row(incident: Incident): TemplateResult {
    const { subject, title, text, open, held } = incident;
    return html`<li class=${open ? "open" : "over"} data-incident="${subject} ${incident.guard}">
      <div class="said">
        <p class="phrase">
          ${this.bare ? nothing : html`<a href=${toSubject(subject)}>${name(subject)}</a>`}
          <span class="title">${title}</span>
          <span class="chip ${open ? "alarm" : ""}">${open ? "in alarm" : "over"}</span>
        </p>
        <p class="text">${text}</p>
        <p class="faint num">${this.when(incident)}</p>
      </div>
      ${this.figures(incident)}
      <rn-incident-chart .incident=${incident}></rn-incident-chart>
      <div class="do">
        ${this.picks && held > 0
          ? html`<button class="button" type="button" @click=${() => this.pick(incident)} aria-label="Select the ${held} held of ${title}, ${subject}">
              Select ${held === 1 ? "the one" : `all ${count(held)}`} held
            </button>`
          : html`<span class="faint">${held > 0 ? `${count(held)} held` : does[incident.action]}</span>`}
      </div>
    </li>`;
  }

  private figures({ count: seen, expected }: Incident): TemplateResult {
    if (expected === null) return html`<p class="figures"></p>`;
    return html`<p class="figures num">
      <strong>${count(seen)}</strong>
      <span class="faint">against ${expected < 10 ? fixed(expected, expected < 1 ? 2 : 1) : brief(expected)}</span>
    </p>`;
  }

  private when({ since, at, until, open, events }: Incident): TemplateResult {
    const { now } = this.ticker;
    const began = ago(millis(since), now);
    const ends = open ? `over in ${inTime(millis(until), now)} if nothing more comes` : `over ${past(ago(millis(at), now))}`;
    return html`<span title=${moment(millis(since))}>Began ${past(began)}</span> · ${plural(events, "event")} · ${ends}`;
  }

  private pick(incident: Incident): void {
    this.dispatchEvent(new CustomEvent("pick", { detail: incident }));
  }

  static override styles = [
    base,
    controls,
    wordStyles,
    css`
      :host {
        container-type: inline-size;
      }

      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 5.5rem 14rem 9.5rem;
        align-items: center;
        gap: var(--space-3) var(--space-5);
        padding: var(--space-3) 0 var(--space-3) var(--space-4);
        border-left: 3px solid transparent;
        font-size: var(--text-sm);
      }

      li + li {
        border-top: 1px solid var(--line-soft);
      }

      li.open {
        border-left-color: var(--down);
      }

      .over .text,
      .over .figures {
        color: var(--ink-soft);
      }

      .said {
        display: grid;
        gap: 2px;
        min-width: 0;
      }

      .title {
        font-weight: 550;
      }

      .said .faint {
        font-size: var(--text-xs);
      }

      .figures {
        display: grid;
        justify-items: end;
        line-height: 1.25;
      }

      .figures strong {
        font-size: var(--text-xl);
        font-weight: 680;
        letter-spacing: -0.02em;
      }

      .open .figures strong {
        color: var(--down);
      }

      .figures .faint {
        font-size: var(--text-xs);
      }

      .do {
        display: grid;
        justify-items: end;
      }

      @container (max-width: 860px) {
        li {
          grid-template-columns: minmax(0, 1fr) auto;
        }

        rn-incident-chart {
          grid-column: 1;
        }

        .do {
          align-self: start;
        }
      }

      @container (max-width: 420px) {
        rn-incident-chart,
        .do {
          grid-column: 1 / -1;
        }

        .do {
          justify-items: start;
        }
      }
    `,
  ];
}

/** What `ago` says, as part of a sentence: long ago it says a date. */
const past = (spell: string): string => (spell === "now" ? "just now" : /^\d+ (s|min|h|d)$/.test(spell) ? `${spell} ago` : `on ${spell}`);
