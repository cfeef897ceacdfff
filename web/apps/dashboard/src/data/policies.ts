/** The JSON of a kind's rules, and the calls that check, try and switch them. */
import { get, lines, Problem, query, sendText } from "./http.ts";

export interface PolicyState {
  kind: string;
  name: string;
  version: number;
  since: string | null;
  /** Null once all subjects are under these rules. */
  switching: { done: number; subjects: number } | null;
  /** All that the kind has had, oldest first. */
  versions: PolicyVersion[];
  text: string;
}

export interface PolicyVersion {
  version: number;
  name: string;
  since: string;
}

export interface Checked {
  kind: string;
  name: string;
  version: number;
  at_least: number;
  same: boolean;
  differences: string[];
}

export interface Mover {
  subject: string;
  before: number;
  after: number;
  tier_before: string | null;
  tier_after: string | null;
  badges_before: string[];
  badges_after: string[];
}

export interface Bin {
  low: number;
  high: number;
  subjects: number;
}

export interface Trial {
  kind: string;
  policy: string;
  version: number;
  subjects: number;
  events: number;
  changed: number;
  scores: number;
  rising: number;
  falling: number;
  tiers: number;
  badges: number;
  statuses: number;
  provisional: number;
  mean: number;
  median: number;
  largest: number;
  tier_moves: { before: string | null; after: string | null; subjects: number }[];
  movers: Mover[];
  histogram: Bin[];
  refused: Record<string, number>;
  refusals: { subject: string; id: string; type: string; code: string; detail: string }[];
}

export interface Going {
  done: number;
  total: number;
}

interface TrialLine {
  progress?: Going;
  trial?: Trial;
  problem?: { code: string; detail: string; field?: string; expected?: string };
}

const at = (kind: string): string => `/v1/policies/${encodeURIComponent(kind)}`;

export const policy = (kind: string, signal?: AbortSignal): Promise<PolicyState> => get(at(kind), signal);

/** The same of one of the versions that the kind has had. */
export const policyOf = (kind: string, version: number, signal?: AbortSignal): Promise<PolicyState> =>
  get(`${at(kind)}${query({ version })}`, signal);

export const check = (kind: string, text: string): Promise<Checked> => sendText("POST", `${at(kind)}/check`, text);

export const put = (kind: string, text: string): Promise<PolicyState> => sendText("PUT", at(kind), text);

/** Try rules on the whole ledger; `going` hears how far it is. Whoever aborts ends it on the server, too. */
export async function tryOut(kind: string, text: string, signal: AbortSignal, going: (far: Going) => void): Promise<Trial> {
  let trial: Trial | undefined;
  await lines<TrialLine>(`${at(kind)}/try`, text, signal, (line) => {
    if (line.progress) going(line.progress);
    if (line.problem) {
      const { code, detail, field, expected } = line.problem;
      throw new Problem(400, code, detail, field, expected);
    }
    trial = line.trial ?? trial;
  });
  if (!trial) throw new Problem(0, "cut_off", "The trial was cut off before it was done.");
  return trial;
}
