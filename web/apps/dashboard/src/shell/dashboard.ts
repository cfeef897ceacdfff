import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { live } from "../data/live.ts";
import { key, signOut } from "../data/session.ts";
import type { Info } from "../data/types.ts";
import { WatchState } from "../data/watch.ts";
import "../overview/overview-page.ts";
import { parse, type Route, toSend } from "../router.ts";
import { base, card, controls, skeleton } from "../styles/shared.ts";
import mark from "../styles/mark.svg";
import "../subject/subject-page.ts";
import "./connection.ts";
import { Late } from "./late.ts";
import { dashboardStyles } from "./dashboard.styles.ts";
import "./search.ts";
import { Server } from "./server.ts";
import "./sign-in.ts";
import "./theme-button.ts";

/** The whole page: header, the page of the route, footer. */
@customElement("renown-dashboard")
export class Dashboard extends LitElement {
  @state() private route: Route = parse(location.hash);
  private readonly server = new Server(this);
  private readonly late = new Late(this, {
    gateway: () => import("../gateway/gateway-page.ts"),
    send: () => import("../send/send-page.ts"),
    radar: () => import("../radar/radar-page.ts"),
    policies: () => import("../policies/policies-page.ts"),
  });

  constructor() {
    super();
    new WatchState(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("hashchange", this.navigate);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("hashchange", this.navigate);
  }

  protected override render(): TemplateResult {
    const { info, access } = this.server;
    return html`<a class="skip" href="#main" @click=${this.skip}>Skip to the content</a>
      <header class="bar">
        <div class="inside">
          <a class="brand" href="#/" aria-label="Renown, overview">
            <img src=${mark} width="26" height="26" alt="" /><span>Renown</span>
          </a>
          ${info?.dev ? html`<span class="chip accent" title=${devNote}>dev</span>` : nothing}
          <nav class="places" aria-label="Pages">
            ${this.place("overview", "#/", "Overview")}${this.place("radar", "#/radar", "Radar")}
            ${this.place("policies", "#/policies", "Policies")}${this.place("gateway", "#/gateway", "Gateway")}
          </nav>
          ${access === "open" ? html`<rn-search .info=${info}></rn-search>` : html`<span class="gap"></span>`}
          <nav class="actions" aria-label="Actions">
            ${info?.dev ? html`<a class="button" href=${this.sendLink()}>Send an event</a>` : nothing}
            ${key() ? html`<button class="button quiet" type="button" @click=${signOut}>Sign out</button>` : nothing}
            <rn-connection></rn-connection>
            <rn-theme-button></rn-theme-button>
          </nav>
        </div>
      </header>
      ${live.state === "offline" && live.refusal
        ? html`<p class="refusal" role="alert">No live updates: ${live.refusal}</p>`
        : nothing}
      <main id="main" tabindex="-1">${access === "ask" ? this.signIn() : this.page()}</main>
      <footer class="faint">
        ${info?.dev ? html`<p>${devNote}</p>` : nothing}
        <p>Renown ${info?.version} · <a href="/schema">API</a></p>
      </footer>`;
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has("route")) return;
    const { route } = this;
    const titles = {
      overview: "Renown",
      gateway: "Gateway · Renown",
      radar: "Radar · Renown",
      policies: "Policies · Renown",
      send: "Send an event · Renown",
      subject: "",
    };
    document.title = route.page === "subject" ? `${route.subject} · Renown` : titles[route.page];
  }

  private page(): TemplateResult {
    const info = this.server.access === "open" ? this.server.info : null;
    switch (this.route.page) {
      case "overview":
        return html`<rn-overview .info=${info}></rn-overview>`;
      case "gateway":
        return info ? this.late.show("gateway", () => html`<rn-gateway></rn-gateway>`) : html``;
      case "radar":
        return this.late.show("radar", () => html`<rn-radar .info=${info}></rn-radar>`);
      case "policies":
        return this.late.show("policies", () => this.policies(info));
      case "subject":
        return html`<rn-subject .info=${info} .subject=${this.route.subject}></rn-subject>`;
      case "send":
        return this.late.show("send", () => this.send(info));
    }
  }

  private send(info: Info | null): TemplateResult {
    const { route } = this;
    return html`<rn-send .info=${info} .subject=${route.page === "send" ? (route.subject ?? "") : ""}></rn-send>`;
  }

  private policies(info: Info | null): TemplateResult {
    const { route } = this;
    return html`<rn-policies .info=${info} .kind=${route.page === "policies" ? route.kind : null}></rn-policies>`;
  }

  private place(page: Route["page"], href: string, title: string): TemplateResult {
    return html`<a class="place ${page}" href=${href} aria-current=${this.route.page === page ? "page" : nothing}>${title}</a>`;
  }

  /** From a subject's page the form begins with that subject. */
  private sendLink(): string {
    return this.route.page === "subject" ? toSend(this.route.subject) : "#/send";
  }

  private signIn(): TemplateResult {
    return html`<rn-sign-in .problem=${this.server.refusal}></rn-sign-in>`;
  }

  private readonly navigate = (): void => {
    this.route = parse(location.hash);
    scrollTo(0, 0);
    this.renderRoot.querySelector("main")?.focus({ preventScroll: true });
  };

  private skip(event: Event): void {
    event.preventDefault();
    this.renderRoot.querySelector("main")?.focus();
  }

  static override styles = [base, card, controls, skeleton, dashboardStyles];
}

const devNote = "Development mode: this server listens on this machine only and asks for no key.";
