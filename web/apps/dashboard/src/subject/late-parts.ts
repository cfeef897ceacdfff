import "../radar/review-card.ts";
import "../radar/steps.ts";
import "../tiers/tier-card.ts";
