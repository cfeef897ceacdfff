import { reach } from "./client.ts";
import { SHOWN } from "./shown.ts";
import type { Standing, State, Token } from "./standing.ts";
import css from "./style.css";

/** Milliseconds between two sentences for screen readers. */
const CALM = 1e4;

let sheet: CSSStyleSheet | undefined;

/** Nobody connects for what nobody has seen: not below the fold, not in a tab opened in the background. */
const view = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries)
    if (isIntersecting) {
      view.unobserve(target);
      (target as RenownScore)._seen = true;
      (target as RenownScore)._plan();
    }
});

const make = (name: string, part: string, ...children: Node[]) => {
  const node = document.createElement(name);
  node.part = part;
  node.append(...children);
  return node;
};

/** `<renown-score subject="seller:42">`: one standing, live. */
export class RenownScore extends HTMLElement {
  static observedAttributes = ["subject", "server", "label", "token", "announce", "decimals"];

  /** The words it uses; replace them for another language. */
  static text = { label: "Reputation", new: "New", of: "based on", asOf: "as of" };

  /** The newest standing; undefined while unknown, null when the subject has none yet. */
  standing: Standing | null | undefined;

  _internals = this.attachInternals();
  _token: Token | undefined;
  _key = "";
  /** The token that the connection was told. */
  _known: Token | undefined;
  _state: State = "stale";
  _stop: (() => void) | undefined;
  _seen: boolean | undefined;
  _frame: number | undefined;
  /** The score on show. */
  _shown: number | undefined;
  /** When the standing on show was last known to be the newest. */
  _confirmed: Date | undefined;
  _said = 0;
  _saying: ReturnType<typeof setTimeout> | undefined;

  _dot = make("i", "status");
  _label = make("small", "label");
  _value = make("b", "value");
  _count = make("small", "count");
  _delta = make("sup", "delta");
  _sentence = make("span", "sentence");
  _badge = make("div", "badge", this._dot, this._label, this._value, this._count, this._delta);
  /** Shows what the page put inside the element, or else the empty badge, until there is a standing. */
  _slot = make("slot", "", this._badge);

  constructor() {
    super();
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(css);
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(this._slot, this._sentence);
    this._badge.ariaHidden = "true";
    this._value.textContent = "–";
    if (Object.hasOwn(this, "token")) {
      // Set by the page before this script had loaded.
      const { token } = this;
      delete (this as { token?: unknown }).token;
      this.token = token;
    }
  }

  /** A client token, or a function that makes one and is asked before each connection. Wins over the attribute. */
  get token() {
    return this._token;
  }

  set token(token: Token | undefined) {
    this._token = token;
    this._plan();
  }

  connectedCallback() {
    view.observe(this);
    this._plan();
  }

  disconnectedCallback() {
    this._plan();
  }

  attributeChangedCallback() {
    this._plan();
  }

  /** With the next frame: attributes come one by one, moved elements return, and only the newest is drawn. */
  _plan() {
    this._frame ??= requestAnimationFrame(() => {
      this._frame = undefined;
      this._follow();
      this._draw();
    });
  }

  _follow() {
    const server = (this.getAttribute("server") || new URL(import.meta.url).origin).replace(/\/$/, "");
    const subject = this._seen && this.isConnected && this.getAttribute("subject");
    const token = this._token ?? this.getAttribute("token");
    const key = subject ? server + " " + subject : "";
    if (key !== this._key) {
      this._stop?.();
      this._key = key;
      this.standing = this._shown = this._confirmed = this._known = this._stop = undefined;
    }
    if (!subject) return;
    if (token && token !== this._known) reach(server)._identify((this._known = token));
    this._stop ??= reach(server)._watch(subject, (state, standing) => this._hear(state, standing));
  }

  _hear(state: State, standing: Standing | null | undefined) {
    const before = this.standing;
    if (this._state === "live") this._confirmed = new Date();
    this._state = state;
    this.standing = standing;
    // The pause hides the blink of a connection that comes straight back.
    if (state === "stale") setTimeout(() => this._plan(), 1e3);
    else this._plan();
    if (standing !== before)
      this.dispatchEvent(
        new CustomEvent("renown:change", { bubbles: true, composed: true, detail: { standing, before } }),
      );
  }

  _draw() {
    const { _state } = this;
    const words = RenownScore.text;
    const rule = SHOWN[_state];
    const standing = rule === "hide" ? undefined : this.standing;
    const known = standing !== undefined;
    const state = this.standing !== undefined || _state === "offline" ? _state : "loading";
    const score = standing && !standing.provisional ? standing.score : undefined;
    const value = score !== undefined ? this._number(score) : known ? words.new : "–";
    const count = standing?.count ? this._number(standing.count, 0) : "";
    const title = this.getAttribute("label");
    const since =
      rule === "as_of" && this._confirmed
        ? `${words.asOf} ${this._confirmed.toLocaleTimeString(this._language(), { timeStyle: "short" })}`
        : "";
    const by = score! - this._shown!;
    this._shown = score;

    this.dataset["state"] = state;
    this._badge.title = since;
    this._label.textContent = title;
    this._count.textContent = since || (count && `(${count})`);
    if (known) this._slot.replaceWith(this._badge);
    const changed = value !== this._value.textContent;
    this._value.textContent = value;
    this._badge.className = [state, rule].join(" ");
    try {
      const { states } = this._internals;
      states.clear();
      states.add(state);
    } catch {
      // Browsers before 2024 know no states; the attribute says the same.
    }
    if (changed && by) this._move(by);
    this._say(
      known ? `${title || words.label} ${value}${count && `, ${words.of} ${count}`}${since && `, ${since}`}` : "",
    );
  }

  _move(by: number) {
    if (matchMedia("(prefers-reduced-motion:reduce)").matches) return;
    const up = by > 0;
    this._badge.classList.toggle("up", up);
    this._delta.textContent = (up ? "▲ " : "▼ ") + this._number(Math.abs(by), by % 1 ? 2 : 0);
    this._value.animate({ opacity: [0, 1], translate: [`0 ${up ? "" : "-"}.6em`, "0"] }, { duration: 450, easing: "ease-out" });
    this._badge.animate([{ boxShadow: "0 0 0 .15em var(--_)" }, {}], 1200);
    this._delta.animate({ opacity: [0, 1, 1, 0], translate: ["0 .6em", "0"] }, 2400);
  }

  _say(text: string) {
    const node = this._sentence;
    const polite = this.getAttribute("announce") !== "off";
    const wait = polite && text ? this._said + CALM - Date.now() : 0;
    clearTimeout(this._saying);
    if (text === node.textContent) return;
    if (wait > 0) {
      this._saying = setTimeout(() => this._plan(), wait);
      return;
    }
    node.textContent = text;
    this._said = Date.now();
    // The role comes after the first words, so that a page full of widgets does not read itself out.
    node.role = polite ? "status" : null;
  }

  _language() {
    const lang = this.closest<HTMLElement>("[lang]")?.lang || document.documentElement.lang;
    try {
      return Intl.getCanonicalLocales(lang || [])[0];
    } catch {
      return undefined;
    }
  }

  _number(value: number, decimals = (this.getAttribute("decimals") ?? 1) as number) {
    const size = Math.abs(value);
    return value
      .toLocaleString(this._language(), {
        minimumFractionDigits: size < 100 ? decimals : 0,
        maximumFractionDigits: decimals,
        notation: size < 1e4 ? "standard" : "compact",
      })
      .replace("-", "−");
  }
}
