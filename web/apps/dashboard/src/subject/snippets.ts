export type Way = "widget" | "image" | "markdown";

const entities: Record<string, string> = { "&": "&amp;", '"': "&quot;", "<": "&lt;", ">": "&gt;" };

/** Text for an attribute or the content of HTML. */
export const escapeHtml = (text: string): string => text.replace(/[&"<>]/g, (char) => entities[char] ?? char);

/** Text for Markdown: what it would take for markup or HTML stands for itself. */
export const escapeMarkdown = (text: string): string =>
  escapeHtml(text.replace(/[\\`*_{}[\]()#+!|~-]/g, "\\$&"));

/** An address between the parentheses of a Markdown image. */
const markdownAddress = (address: string): string =>
  escapeHtml(address.replace(/[\\()*_[\]]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`));

/** The address of a subject's badge on the server whose origin is `origin`. */
export const badgeAddress = (origin: string, subject: string): string =>
  `${origin}/badge/${encodeURIComponent(subject).replaceAll("%3A", ":")}.svg`;

/** What to paste to show a subject's score elsewhere. Whatever its id holds stays within its attribute. */
export function snippet(way: Way, origin: string, subject: string): string {
  const badge = badgeAddress(origin, subject);
  switch (way) {
    case "image":
      return `<img src="${escapeHtml(badge)}" alt="Reputation of ${escapeHtml(subject)}">`;
    case "markdown":
      return `![Reputation of ${escapeMarkdown(subject)}](${markdownAddress(badge)})`;
    default:
      return (
        `<script type="module" src="${escapeHtml(origin)}/widget.js"></script>\n` +
        `<renown-score subject="${escapeHtml(subject)}"></renown-score>`
      );
  }
}
