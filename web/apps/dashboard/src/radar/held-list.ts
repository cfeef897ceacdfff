import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { ago, count, given, kindOf, millis, moment, plural, said, typeTitle } from "../data/format.ts";
import { Problem } from "../data/http.ts";
import { decide, type HeldEvent, idsOf, type Incident, type Pile, type Verb } from "../data/review.ts";
import { Ticker } from "../data/ticker.ts";
import type { Answer, Info } from "../data/types.ts";
import { name, wordStyles } from "../parts/words.ts";
import { toSubject } from "../router.ts";
import { base, controls, fields } from "../styles/shared.ts";
import { heldStyles } from "./held-list.styles.ts";
import { deadline, type Group, groups, guardOf, whyWords } from "./words.ts";

const few = 4;
/** What became of what was decided on. */
const done: Record<Verb, string> = { release: "counts again", dismiss: "will never count" };

/**
 * What is under review, by subject and reason, with the choice of one, many or all, and the decision.
 * Fires `decided` when something was.
 */
@customElement("rn-held-list")
export class HeldList extends LitElement {
  @property({ attribute: false }) held: readonly HeldEvent[] = [];
  @property({ attribute: false }) piles: readonly Pile[] = [];
  @property({ attribute: false }) incidents: readonly Incident[] = [];
  @property({ attribute: false }) info: Info | null = null;
  @property({ type: Boolean }) bare = false;
  @state() private chosen: ReadonlySet<string> = new Set();
  @state() private busy = "";
  @state() private outcome: { words: string; bad: boolean } | null = null;
  private open: ReadonlySet<string> = new Set();
  private readonly ticker = new Ticker(this, 10_000);

  /** Select everything of a subject that is held for a reason, also what is not loaded. */
  async choose(pile: Pick<Pile, "subject" | "why">): Promise<void> {
    await this.during("Looking them up …", async () => {
      const ids = await idsOf(pile);
      this.chosen = new Set([...this.chosen, ...ids]);
      this.outcome = null;
    });
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(".bar input")?.focus();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("held") || this.chosen.size === 0 || this.busy) return;
    // What somebody else has decided meanwhile is not selected any more; what is not loaded stays.
    const before = (changed.get("held") as readonly HeldEvent[] | undefined) ?? [];
    const now = new Set(this.held.map(({ event }) => event.id));
    const gone = before.map(({ event }) => event.id).filter((id) => !now.has(id) && this.chosen.has(id));
    if (gone.length === 0 || before.length > this.held.length + gone.length) return;
    const left = new Set(this.chosen);
    for (const id of gone) left.delete(id);
    this.chosen = left;
  }

  protected override render(): TemplateResult {
    const all = groups(this.held, this.piles);
    return html`${repeat(
        all,
        ({ key }) => key,
        (group) => this.group(group),
      )}
      ${this.bar()}
      <p class="outcome ${this.outcome?.bad ? "down" : ""}" role="status">${this.outcome?.words ?? ""}</p>`;
  }

  private group(group: Group): TemplateResult {
    const { key, subject, why, events } = group;
    const whole = this.open.has(key);
    const shown = whole ? events : events.slice(0, few);
    const chosen = events.filter(({ event }) => this.chosen.has(event.id)).length;
    const title = whyWords(why, this.called(subject, why));
    const sentence = shared(events);
    return html`<section class="group" data-group=${key} aria-label="${title}, ${subject}">
      <header>
        ${this.mayDecide
          ? html`<input
              type="checkbox"
              aria-label="All ${count(group.count)} of ${title}, ${subject}"
              .checked=${chosen > 0 && chosen === events.length}
              .indeterminate=${chosen > 0 && chosen < events.length}
              ?disabled=${this.busy !== ""}
              @change=${(event: Event) => this.pickGroup(group, (event.target as HTMLInputElement).checked)}
            />`
          : nothing}
        <p class="phrase">
          ${this.bare ? nothing : html`<a href=${toSubject(subject)}>${name(subject)}</a>`}
          <span class="title">${title}</span>
          <span class="chip ${guardOf(why) === null ? "accent" : "gold"} num">${count(group.count)} under review</span>
        </p>
        ${sentence ? html`<p class="soft sentence">${sentence}</p>` : nothing}
      </header>
      <ul>
        ${repeat(
          shown,
          ({ event }) => event.id,
          (each) => this.row(each, sentence),
        )}
      </ul>
      ${events.length > few
        ? html`<button class="button quiet more" type="button" aria-expanded=${whole} @click=${() => this.unfold(key)}>
            ${whole ? "Show fewer" : `Show ${events.length === group.count ? "all" : "the newest"} ${count(events.length)}`}
          </button>`
        : nothing}
    </section>`;
  }

  private row(held: HeldEvent, sentence: string): TemplateResult {
    const { event } = held;
    const kind = kindOf(this.info, event.subject);
    const at = millis(event.occurred_at);
    const { now } = this.ticker;
    const value = event.value == null ? "" : given(event.value);
    const id = `held-${held.seq}`;
    const reasons = told(held);
    return html`<li>
      ${this.mayDecide
        ? html`<input
            type="checkbox"
            id=${id}
            .checked=${this.chosen.has(event.id)}
            ?disabled=${this.busy !== ""}
            @change=${() => this.toggle(event.id)}
          />`
        : nothing}
      <label for=${id}>
        <span class="what">${typeTitle(kind, event.type)} <span class="num">${value}</span></span>
        <span class="faint ellipsis">${event.actor ? `by ${event.actor}` : event.id}</span>
        ${reasons && reasons !== sentence ? html`<span class="soft reason">${reasons}</span>` : nothing}
      </label>
      <span class="left num soft" title=${held.until ? moment(millis(held.until)) : nothing}>${deadline(held, now)}</span>
      <time class="faint num" datetime=${new Date(at).toISOString()} title=${moment(at)}>${ago(at, now)}</time>
    </li>`;
  }

  private bar(): TemplateResult | typeof nothing {
    const { size } = this.chosen;
    if (!this.mayDecide || (size === 0 && !this.busy)) return nothing;
    return html`<form class="bar" @submit=${(event: Event) => this.submit(event)} aria-label="Decide">
      <strong class="num">${this.busy || `${count(size)} selected`}</strong>
      <input type="text" name="reason" maxlength="500" autocomplete="off" placeholder="Why (optional, kept in the history)" aria-label="Reason" ?disabled=${this.busy !== ""} />
      <button class="button primary" name="verb" value="release" ?disabled=${this.busy !== ""}>Let ${size === 1 ? "it" : "them"} count</button>
      <button class="button danger" name="verb" value="dismiss" ?disabled=${this.busy !== ""}>Dismiss</button>
      <button class="button quiet" type="button" @click=${this.clear} ?disabled=${this.busy !== ""}>Clear</button>
    </form>`;
  }

  private get mayDecide(): boolean {
    return this.info?.may.decide ?? false;
  }

  private called(subject: string, why: string): string | undefined {
    const guard = guardOf(why);
    return this.incidents.find((each) => each.subject === subject && each.guard === guard)?.title;
  }

  private toggle(id: string): void {
    const chosen = new Set(this.chosen);
    if (!chosen.delete(id)) chosen.add(id);
    this.chosen = chosen;
    this.outcome = null;
  }

  private pickGroup(group: Group, on: boolean): void {
    if (on && group.count > group.events.length) return void this.choose(group);
    const chosen = new Set(this.chosen);
    for (const { event } of group.events) {
      if (on) chosen.add(event.id);
      else chosen.delete(event.id);
    }
    this.chosen = chosen;
    this.outcome = null;
  }

  private unfold(key: string): void {
    const open = new Set(this.open);
    if (!open.delete(key)) open.add(key);
    this.open = open;
    this.requestUpdate();
  }

  private readonly clear = (): void => {
    this.chosen = new Set();
  };

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const verb = ((event as SubmitEvent).submitter as HTMLButtonElement | null)?.value === "dismiss" ? "dismiss" : "release";
    const reason = String(new FormData(form).get("reason") ?? "").trim();
    const ids = [...this.chosen];
    const answers: Answer[] = [];
    await this.during(`Deciding on ${plural(ids.length, "event")} …`, async () => {
      await decide(verb, ids, reason, (some) => answers.push(...some));
      const refused = answers.filter(({ status }) => status === "rejected");
      const good = answers.length - refused.length;
      const words = good > 0 ? `${plural(good, "event")} ${good === 1 ? done[verb] : done[verb].replace("counts", "count")}.` : "";
      const why = refused[0]?.problem?.detail;
      const rest = refused.length > 0 ? ` ${plural(refused.length, "event")} could not be decided on: ${why ?? "refused"}` : "";
      this.outcome = { words: words + rest, bad: refused.length > 0 };
    });
    // Also after a failure some may be decided: what is still held says which.
    if (answers.length > 0) {
      const answered = new Set(ids.slice(0, answers.length));
      this.chosen = new Set([...this.chosen].filter((id) => !answered.has(id)));
      this.dispatchEvent(new CustomEvent("decided"));
    }
  }

  private async during(words: string, work: () => Promise<void>): Promise<void> {
    this.busy = words;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.outcome = { words: `Nothing more was done: ${error.message}`, bad: true };
    } finally {
      this.busy = "";
    }
  }

  static override styles = [base, controls, fields, wordStyles, heldStyles];
}

/** The sentence that all of them have as their reason, or empty. */
function shared(events: readonly HeldEvent[]): string {
  const [first] = events;
  const sentence = first ? told(first) : "";
  return events.length > 1 && events.every((each) => told(each) === sentence) ? sentence : "";
}

/** Why it is held; until when is told beside it. */
const told = ({ reasons = [] }: HeldEvent): string => said(reasons.join(" ").replace(/ It does not count until [^.]*\.?(\d+Z\.)?$/, ""));
