/** Client routes live behind the hash, so that the server needs to know only `/`. */
export type Route =
  | { page: "overview" }
  | { page: "gateway" }
  | { page: "radar" }
  | { page: "policies"; kind: string | null }
  | { page: "subject"; subject: string }
  | { page: "send"; subject: string | null };

export function parse(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = path.split("/");
  const subject = decode(rest.join("/"));
  if (page === "subject" && subject.includes(":")) return { page, subject };
  if (page === "gateway" || page === "radar") return { page };
  if (page === "policies") return { page, kind: subject || null };
  if (page === "send") return { page, subject: new URLSearchParams(search).get("subject") };
  return { page: "overview" };
}

export const toSubject = (subject: string): string => `#/subject/${encodeURIComponent(subject).replaceAll("%3A", ":")}`;

export const toPolicy = (kind: string): string => `#/policies/${encodeURIComponent(kind)}`;

export const toSend = (subject: string): string => `#/send?subject=${encodeURIComponent(subject)}`;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
