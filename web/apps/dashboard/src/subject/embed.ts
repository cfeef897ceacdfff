import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import "../parts/choices.ts";
import "../parts/copy.ts";
import { base, card } from "../styles/shared.ts";
import { badgeAddress, snippet, type Way } from "./snippets.ts";

const ways: { value: Way; label: string }[] = [
  { value: "widget", label: "Live widget" },
  { value: "image", label: "Image" },
  { value: "markdown", label: "Markdown" },
];

/** How to show this score elsewhere, with the real thing beside it. */
@customElement("rn-embed")
export class Embed extends LitElement {
  @property() subject = "";
  @state() private way: Way = "widget";

  protected override render(): TemplateResult {
    return html`<section class="card" aria-labelledby="embed-title">
      <header>
        <h2 id="embed-title">Show it on your site</h2>
        <rn-choices label="Way of embedding" .choices=${ways} .value=${this.way} @choose=${this.choose}></rn-choices>
      </header>
      <div class="body">
        <rn-copy label="Embed snippet" .text=${snippet(this.way, location.origin, this.subject)}></rn-copy>
        <figure>
          <figcaption class="faint">This is the real thing</figcaption>
          ${this.way === "widget"
            ? html`<div class="preview widget"></div>`
            : html`<div class="preview"><img src=${badgeAddress(location.origin, this.subject)} alt="Badge of ${this.subject}" height="20" /></div>`}
        </figure>
      </div>
    </section>`;
  }

  protected override updated(changed: PropertyValues): void {
    if (this.way !== "widget" || !(changed.has("way") || changed.has("subject"))) return;
    loadWidget();
    const score = document.createElement("renown-score");
    score.setAttribute("subject", this.subject);
    this.renderRoot.querySelector(".widget")?.replaceChildren(score);
  }

  private choose(event: CustomEvent<Way>): void {
    this.way = event.detail;
  }

  static override styles = [
    base,
    card,
    css`
      .body {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(12rem, auto);
        gap: var(--space-5);
      }

      figure {
        display: flex;
        flex-direction: column;
      }

      figcaption {
        margin-bottom: var(--space-1);
        font-size: var(--text-xs);
      }

      .preview {
        display: grid;
        flex: 1;
        place-items: center;
        min-height: 3.5rem;
        padding: var(--space-3);
        border: 1px dashed var(--line-strong);
        border-radius: var(--radius-md);
        font-size: var(--text-lg);
      }

      @media (max-width: 760px) {
        .body {
          grid-template-columns: minmax(0, 1fr);
          gap: var(--space-3);
        }
      }
    `,
  ];
}

/** Put the widget's own script on the page, once, exactly as a visitor's page would. */
function loadWidget(): void {
  if (document.querySelector("script[data-widget]")) return;
  const script = document.createElement("script");
  script.type = "module";
  script.src = "/widget.js";
  script.dataset.widget = "";
  document.head.append(script);
}
