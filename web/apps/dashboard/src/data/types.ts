/** The JSON of Renown's HTTP API and channels, as far as the dashboard reads it. */
import type { Standing } from "@renown/live";

export type { Board, BoardRow, CategoryScore, Standing } from "@renown/live";

export interface Scale {
  min: number;
  max: number;
  decimals: number;
}

export interface CategoryInfo {
  name: string;
  title: string;
  /** Its own, or that of the kind. */
  scale: Scale;
}

export interface TypeInfo {
  type: string;
  title: string;
  value: "required" | "optional" | "none";
  /** The range of the event's own value, where it may have one. */
  min: number | null;
  max: number | null;
  categories: "required" | "optional" | "none";
}

export interface KindInfo {
  kind: string;
  policy: string;
  title: string;
  scale: Scale;
  categories: CategoryInfo[];
  types: TypeInfo[];
  subjects: number;
}

export interface Info {
  version: string;
  dev: boolean;
  ledger: string;
  kinds: KindInfo[];
  /** What whoever reads may do besides. */
  may: May;
}

export interface May {
  send: boolean;
  decide: boolean;
  policies: boolean;
  /** Hear alerts as they fire: of these kinds, and `all`. */
  listen: string[];
}

export interface Activity {
  subject: string;
  version: number;
  type: string;
  at: string;
  score: number;
  delta: number;
  value?: number | null;
}

export interface Feed {
  changes: Activity[];
}

export interface HistoryPoint {
  version: number;
  at: string;
  score: number;
}

export interface ExplainLine {
  version: number;
  /** This and the actor are for API keys only. */
  id?: string;
  type: string;
  actor?: string | null;
  at: string;
  value: number;
  weight: number;
  share: number;
  points: number;
}

export interface Explanation {
  subject: string;
  category: string;
  version: number;
  score: number;
  at: string;
  prior: { value: number; weight: number; points: number } | null;
  lines: ExplainLine[];
  points_of_older: number;
  cursor: string | null;
  /** The newest events that did something besides moving the score; only for those who see the detail. */
  steps?: Step[];
  /** Absent and null where the policy has no tiers. */
  tiers?: Progress | null;
}

/** One thing that a tier asks for, beside what there is of it. */
export interface Need {
  what: "evidence" | "score" | "count" | "weeks" | "days" | "lasting" | "event";
  have: number;
  need: number;
  met: boolean;
  /** The category whose score or count is meant; absent for the whole. */
  part?: string;
  /** `need` is the most that is allowed. */
  at_most?: boolean;
  /** How many of the last weeks or days are looked at. */
  of?: number;
}

export interface TierStep {
  name: string;
  title: string;
  /** It, or one above it, is held. */
  reached: boolean;
  held?: boolean;
  /** What is missing to it; of the one that is held, what it takes to keep it. */
  needs?: Need[];
}

export interface Progress {
  tier: string | null;
  /** The lowest first. */
  steps: TierStep[];
  set_by_event: boolean;
  /** When tiers are decided next, where that is on dates. */
  next_look: string | null;
  /** The tier that is held is not lost before then. */
  safe_until: string | null;
}

export interface Step {
  id: string;
  type: string;
  actor: string | null;
  at: string;
  version: number;
  changes: StepChange[];
}

export interface StepChange {
  kind: string;
  name?: string | null;
  before?: string | null;
  after?: string | null;
  why?: string | null;
}

export interface EventBody {
  type: string;
  subject: string;
  actor?: string;
  value?: number;
  categories?: Record<string, number>;
  data?: Record<string, unknown>;
}

export interface Answer {
  status: "applied" | "held" | "duplicate" | "rejected";
  id?: string;
  subject?: string;
  version?: number;
  problem?: { code: string; detail: string; field?: string; expected?: string };
  standing?: Standing;
}

export interface Entry {
  version: number;
  event: { id?: string; type: string; actor?: string | null; value?: number | null; occurred_at: string };
  score: number;
  ended_at?: string | null;
}
