import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { Fetched } from "../data/fetched.ts";
import { millis, moment, plural } from "../data/format.ts";
import { type PolicyState, policyOf, type PolicyVersion } from "../data/policies.ts";
import "../parts/choices.ts";
import { base, card, controls, fields, skeleton } from "../styles/shared.ts";
import { compare, type Line, type Piece, pieces } from "./difference.ts";
import { versionsStyles } from "./versions.styles.ts";

type Look = "difference" | "text";

const looks: { value: Look; label: string }[] = [
  { value: "difference", label: "Difference" },
  { value: "text", label: "Text" },
];

/** What the versions of a kind's rules say, and how any two of them differ. */
@customElement("rn-policy-versions")
export class PolicyVersions extends LitElement {
  @property({ attribute: false }) state: PolicyState | null = null;
  @state() private look: Look = "difference";
  @state() private older = 0;
  @state() private newer = 0;
  /** The places where what is the same was unfolded. */
  @state() private open: ReadonlySet<number> = new Set();
  /** What is on show; the last until the next is there. */
  private lines: readonly Line[] | null = null;
  private coming = false;
  private readonly oldText = this.text(() => this.older);
  private readonly newText = this.text(() => this.newer);

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("state")) this.begin(changed.get("state"));
    const lines = this.compared();
    this.coming = lines === null;
    this.lines = lines ?? this.lines;
  }

  /** With other rules in force: how they differ from those before them. */
  private begin(was: PolicyState | null | undefined): void {
    if (!this.state || (was?.kind === this.state.kind && was.version === this.state.version)) return;
    const { kind, version, versions } = this.state;
    if (was?.kind !== kind) this.lines = null;
    this.newer = version;
    this.older = versions.findLast((each) => each.version < version)?.version ?? version;
    this.open = new Set();
  }

  protected override render(): TemplateResult | typeof nothing {
    // The text of the only version is the text in force, which stands in the editor.
    if (!this.state || this.state.versions.length < 2) return nothing;
    const differ = this.look === "difference";
    return html`<section class="card" aria-labelledby="versions-title">
      <header>
        <h2 id="versions-title">Versions</h2>
        <rn-choices label="What to show of them" .choices=${looks} .value=${this.look} @choose=${this.turn}></rn-choices>
      </header>
      <form class="which">
        ${differ ? this.pick("From", this.older, (version) => (this.older = version)) : nothing}
        ${this.pick(differ ? "to" : "Of", this.newer, (version) => (this.newer = version))}
        <p class="soft num" role="status">${this.summary(this.lines)}</p>
      </form>
      ${this.paper(this.lines)}
    </section>`;
  }

  private pick(label: string, chosen: number, choose: (version: number) => void): TemplateResult {
    const take = (event: Event): void => {
      choose(Number((event.target as HTMLSelectElement).value));
      this.open = new Set();
    };
    return html`<label>
      <span>${label}</span>
      <select @change=${take}>
        ${this.state?.versions.toReversed().map(
          (each) => html`<option value=${each.version} ?selected=${each.version === chosen} .selected=${each.version === chosen}>${this.called(each)}</option>`,
        )}
      </select>
    </label>`;
  }

  private called({ version, name, since }: PolicyVersion): string {
    const named = name === this.state?.name ? "" : ` · ${name}`;
    return `version ${version}${named} · ${version === this.state?.version ? "in force" : moment(millis(since))}`;
  }

  /** The lines of both, or of the newer alone; null until they are there. */
  private compared(): Line[] | null {
    const after = this.newText.value;
    const before = this.look === "text" || this.older === this.newer ? after : this.oldText.value;
    return after === null || before === null ? null : compare(before, after);
  }

  private summary(lines: readonly Line[] | null): string {
    if (!lines || this.coming) return "";
    if (this.look === "text") return plural(lines.length, "line");
    const [gone = 0, fresh = 0] = ["gone", "new"].map((way) => lines.filter((line) => line.way === way).length);
    if (gone + fresh > 0) return `${plural(gone, "line")} taken out, ${plural(fresh, "line")} put in`;
    return this.older === this.newer ? "That is one version: choose two." : "Both say the same.";
  }

  private paper(lines: readonly Line[] | null): TemplateResult | typeof nothing {
    const problem = this.newText.problem ?? (this.look === "difference" ? this.oldText.problem : null);
    if (problem) return html`<p class="empty" role="alert"><strong>This did not load</strong> ${problem.message}</p>`;
    if (!lines) return html`<div class="paper" aria-busy="true"><p class="waiting"><span class="skeleton"></span></p></div>`;
    const same = lines.every(({ way }) => way === "same");
    if (this.look === "difference" && same) return nothing;
    return html`<div class="paper" aria-busy=${this.coming}>
      ${this.look === "text" ? lines.map(row) : pieces(lines).map((piece, index, all) => this.piece(piece, index, all, lines))}
    </div>`;
  }

  private piece(piece: Piece, index: number, all: readonly Piece[], lines: readonly Line[]): TemplateResult | TemplateResult[] {
    if ("lines" in piece) return piece.lines.map(row);
    const start = all.slice(0, index).reduce((sum, each) => sum + ("left" in each ? each.left : each.lines.length), 0);
    if (this.open.has(start)) return lines.slice(start, start + piece.left).map(row);
    const unfold = (): void => {
      this.open = new Set([...this.open, start]);
    };
    return html`<button class="left" type="button" @click=${unfold}>\u22ef Show ${plural(piece.left, "line")} ${piece.left === 1 ? "that is" : "that are"} in both</button>`;
  }

  private readonly turn = ({ detail }: CustomEvent<Look>): void => {
    this.look = detail;
  };

  private text(version: () => number): Fetched<string> {
    return new Fetched(
      this,
      () => this.state && this.state.versions.length > 1 ? `${this.state.kind} ${version()}` : null,
      async (key, signal) => {
        const [kind = "", number] = key.split(" ");
        return (await policyOf(kind, Number(number), signal)).text;
      },
    );
  }

  static override styles = [base, card, controls, fields, skeleton, versionsStyles];
}

const signs: Record<Line["way"], string> = { same: "", gone: "\u2212", new: "+" };
const said: Record<Line["way"], string> = { same: "", gone: "taken out: ", new: "put in: " };

const row = ({ way, before, after, text, parts }: Line): TemplateResult =>
  html`<div class="line ${way}">
  <span class="faint num" aria-hidden="true">${before ?? ""}</span><span class="faint num" aria-hidden="true">${after ?? ""}</span>
  <b aria-hidden="true">${signs[way]}</b><span><span class="unseen">${said[way]}</span>${parts?.map((part) => (part.marked ? html`<mark>${part.text}</mark>` : part.text)) ?? text}</span>
</div>`;
