import "./review-card.ts";
import "./steps.ts";
